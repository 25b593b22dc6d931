-- Terms of search under the ids of messages, which are orderings of the log from here on. Tokens are what SearchTerms makes: with these options nothing is kept but
-- which rows have which.
CREATE VIRTUAL TABLE chat_search USING fts5(terms, content='', columnsize=0, detail=none, tokenize='ascii');

UPDATE chat_projection SET ordering = 0;
DELETE FROM chat_files;
DELETE FROM chat_reactions;
DELETE FROM chat_open_runs;
DELETE FROM chat_members;
DELETE FROM chat_messages;
DELETE FROM chat_sessions;
DELETE FROM chat_poison;
