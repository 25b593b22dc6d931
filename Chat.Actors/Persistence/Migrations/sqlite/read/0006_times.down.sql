UPDATE chat_projection SET ordering = 0;
DELETE FROM chat_files;
DELETE FROM chat_reactions;
DELETE FROM chat_open_runs;
DELETE FROM chat_members;
DELETE FROM chat_messages;
DELETE FROM chat_sessions;
DELETE FROM chat_list_totals;
DELETE FROM chat_poison;
INSERT INTO chat_search (chat_search) VALUES ('delete-all');

DROP TABLE chat_messages;
CREATE TABLE chat_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id VARCHAR(128) NOT NULL REFERENCES chat_sessions(session_id) ON DELETE CASCADE,
    message_id VARCHAR(100) UNIQUE NOT NULL,
    sender_type VARCHAR(20) NOT NULL,
    sender_id VARCHAR(100) NOT NULL,
    message_type VARCHAR(20) NOT NULL,
    content TEXT,
    metadata TEXT,
    tokens_used INTEGER,
    latency_ms INTEGER,
    is_edited BOOLEAN NOT NULL DEFAULT FALSE,
    edited_at TEXT,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),

    metadata_raw TEXT,
    seq INTEGER NOT NULL,
    sender_name TEXT NOT NULL,
    reply_to TEXT,
    is_deleted BOOLEAN NOT NULL DEFAULT FALSE,
    -- How an agent's answer ended; null for every other message.
    status VARCHAR(20),
    -- The file that a message shows; nothing where the message is deleted.
    file_id VARCHAR(100),
    -- Its place among the session's messages, and among its sender's in the session; deleted ones keep theirs.
    ordinal INTEGER NOT NULL DEFAULT 0,
    sender_ordinal INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT check_sender_type CHECK (sender_type IN ('user', 'agent', 'system')),
    CONSTRAINT check_message_type CHECK (message_type IN ('text', 'stream', 'file', 'system', 'question'))
);

CREATE UNIQUE INDEX idx_chat_messages_session_id ON chat_messages(session_id, seq);
-- The newest of a sender in a session.
CREATE INDEX idx_chat_messages_sender_id ON chat_messages(sender_id, session_id, sender_type, seq);
CREATE INDEX idx_chat_messages_created_at ON chat_messages(created_at);
-- Cursors that are a time.
CREATE INDEX idx_chat_messages_session_time ON chat_messages(session_id, created_at, seq);
-- What unread counts leave out.
CREATE INDEX idx_chat_messages_deleted ON chat_messages(session_id, seq, sender_id, sender_type) WHERE is_deleted;
CREATE INDEX idx_chat_messages_file_id ON chat_messages(file_id) WHERE file_id IS NOT NULL;
