-- A time is found by the seqs, so that each message has one entry less to write.
DROP INDEX idx_chat_messages_session_time;
