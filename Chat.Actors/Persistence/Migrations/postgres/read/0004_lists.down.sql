UPDATE chat_projection SET name = 'read_model';

DROP TABLE chat_list_totals;

DROP INDEX idx_chat_members_user_id;
ALTER TABLE chat_members DROP COLUMN last_activity_at;
ALTER TABLE chat_members DROP COLUMN agent_id;
ALTER TABLE chat_members DROP COLUMN status;
CREATE INDEX idx_chat_members_user_id ON chat_members(user_id, session_id);

ALTER TABLE chat_sessions DROP COLUMN is_carried;

DROP INDEX idx_chat_messages_deleted;
DROP INDEX idx_chat_messages_shown;
CREATE INDEX idx_chat_messages_shown ON chat_messages(session_id, seq, sender_id, sender_type) WHERE NOT is_deleted;
DROP INDEX idx_chat_messages_sender_id;
CREATE INDEX idx_chat_messages_sender_id ON chat_messages(sender_id);
ALTER TABLE chat_messages DROP COLUMN sender_ordinal;
ALTER TABLE chat_messages DROP COLUMN ordinal;
