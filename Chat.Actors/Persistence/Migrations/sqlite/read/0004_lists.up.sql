-- Lists and unread counts in the same work, whatever they are of. The log fills the new columns: everything but the read markers is projected again.
-- An older build's projector would fill the tables as they were: it finds no row of its name any more, and stands still. First, so that a batch in flight is either wholly
-- before the emptying or refused.
UPDATE chat_projection SET name = 'read_model/4', ordering = 0;
DELETE FROM chat_files;
DELETE FROM chat_reactions;
DELETE FROM chat_open_runs;
DELETE FROM chat_members;
DELETE FROM chat_messages;
DELETE FROM chat_sessions;
DELETE FROM chat_poison;
INSERT INTO chat_search (chat_search) VALUES ('delete-all');

-- Its place among the session's messages, and among its sender's in the session; deleted ones keep theirs.
ALTER TABLE chat_messages ADD COLUMN ordinal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chat_messages ADD COLUMN sender_ordinal INTEGER NOT NULL DEFAULT 0;

-- The newest of a sender in a session.
DROP INDEX idx_chat_messages_sender_id;
CREATE INDEX idx_chat_messages_sender_id ON chat_messages(sender_id, session_id, sender_type, seq);
-- The newest message of a session, an agent's context.
DROP INDEX idx_chat_messages_shown;
CREATE INDEX idx_chat_messages_shown ON chat_messages(session_id, seq) WHERE NOT is_deleted;
-- What unread counts leave out.
CREATE INDEX idx_chat_messages_deleted ON chat_messages(session_id, seq, sender_id, sender_type) WHERE is_deleted;

-- Whether its members carry what their lists sort and choose by; a session of many does not, since each message would change all of their rows.
ALTER TABLE chat_sessions ADD COLUMN is_carried BOOLEAN NOT NULL DEFAULT FALSE;

-- Its session's, null where that is not carried.
ALTER TABLE chat_members ADD COLUMN status VARCHAR(20);
ALTER TABLE chat_members ADD COLUMN agent_id INTEGER;
ALTER TABLE chat_members ADD COLUMN last_activity_at TEXT;

DROP INDEX idx_chat_members_user_id;
CREATE INDEX idx_chat_members_user_id ON chat_members(user_id, status, last_activity_at DESC, session_id, agent_id);

-- How many carried sessions a user has.
CREATE TABLE chat_list_totals (
    user_id VARCHAR(100) NOT NULL,
    status VARCHAR(20) NOT NULL,
    -- -1: with whichever agent, or none.
    agent_id INTEGER NOT NULL,
    sessions INTEGER NOT NULL,
    PRIMARY KEY (user_id, status, agent_id)
) WITHOUT ROWID;
