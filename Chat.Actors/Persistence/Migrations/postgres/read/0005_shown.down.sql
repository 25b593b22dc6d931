CREATE INDEX idx_chat_messages_shown ON chat_messages(session_id, seq) WHERE NOT is_deleted;
