-- What is shown is nearly everything: the index over (session_id, seq) finds it as well, and each message has one entry less to write.
DROP INDEX idx_chat_messages_shown;
