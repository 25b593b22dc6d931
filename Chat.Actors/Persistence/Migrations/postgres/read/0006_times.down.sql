CREATE INDEX idx_chat_messages_session_time ON chat_messages(session_id, created_at, seq);
