DROP INDEX idx_chat_files_file_hash;
ALTER TABLE chat_files DROP COLUMN file_hash;
DROP INDEX idx_chat_messages_file_id;
ALTER TABLE chat_messages DROP COLUMN file_id;
