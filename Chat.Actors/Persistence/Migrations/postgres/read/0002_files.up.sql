-- The file that a message shows; nothing where the message is deleted.
ALTER TABLE chat_messages ADD COLUMN file_id VARCHAR(100);
CREATE INDEX idx_chat_messages_file_id ON chat_messages(file_id) WHERE file_id IS NOT NULL;

-- What the store names the bytes by. message_id is the first message that shows the file and is not deleted; the row goes with the last of them.
ALTER TABLE chat_files ADD COLUMN file_hash VARCHAR(64);
CREATE INDEX idx_chat_files_file_hash ON chat_files(file_hash);
