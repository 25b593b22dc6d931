UPDATE chat_projection SET ordering = 0;
TRUNCATE chat_files, chat_reactions, chat_open_runs, chat_members, chat_messages, chat_sessions, chat_poison RESTART IDENTITY;
ALTER SEQUENCE chat_messages_id_seq START WITH 1 RESTART;
DROP INDEX idx_chat_messages_search_terms;
ALTER TABLE chat_messages DROP COLUMN search_terms;
