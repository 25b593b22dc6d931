-- First, so that a batch in flight is either wholly before the emptying or refused.
UPDATE chat_projection SET ordering = 0;
TRUNCATE chat_files, chat_reactions, chat_open_runs, chat_members, chat_messages, chat_sessions, chat_poison RESTART IDENTITY;

-- What SearchTerms makes of a message; nothing where it is deleted.
ALTER TABLE chat_messages ADD COLUMN search_terms INTEGER[];
-- New rows gather in a list that every search reads through, up to so many kB.
CREATE INDEX idx_chat_messages_search_terms ON chat_messages USING gin (search_terms) WITH (gin_pending_list_limit = 1024);

-- Ids are orderings of the log from here on. A node of an earlier version that still projects takes its own from where no ordering comes.
ALTER SEQUENCE chat_messages_id_seq START WITH 4611686018427387904 RESTART;
