-- The read model: views of the log, dropped and refilled at will. Only chat_read_markers is nobody's view.
-- Every TIMESTAMP is UTC: the server writes all of them, and the defaults do not depend on a session's time zone.

-- Elsewhere VARCHAR(100) and substr() count bytes, and would cut through characters.
DO $$
BEGIN
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'The database''s encoding is %, not UTF8: make it with ENCODING ''UTF8'' TEMPLATE template0', current_setting('server_encoding');
    END IF;
END $$;

CREATE TABLE chat_sessions (
    id SERIAL PRIMARY KEY,
    -- 'room:' and a room's name of up to 100 characters do not fit into 100.
    session_id VARCHAR(128) UNIQUE NOT NULL,
    trace_id VARCHAR(100) UNIQUE,
    user_id VARCHAR(100) NOT NULL,
    agent_id INTEGER,
    title VARCHAR(200),
    status VARCHAR(20) NOT NULL DEFAULT 'active',
    -- For queries by hand; null where JSONB cannot hold it (U+0000, half a surrogate pair, a huge number).
    metadata JSONB,
    created_at TIMESTAMP NOT NULL DEFAULT (CURRENT_TIMESTAMP AT TIME ZONE 'UTC'),
    updated_at TIMESTAMP NOT NULL DEFAULT (CURRENT_TIMESTAMP AT TIME ZONE 'UTC'),
    ended_at TIMESTAMP,

    -- The client's own text: what the server answers with.
    metadata_raw TEXT,
    agent_name TEXT,
    session_code VARCHAR(20),
    channel_url VARCHAR(100),
    is_open BOOLEAN NOT NULL DEFAULT FALSE,
    last_message TEXT,
    last_message_at TIMESTAMP,
    last_activity_at TIMESTAMP NOT NULL,
    message_count INTEGER NOT NULL DEFAULT 0,
    -- Of the last event that changed anything here; chunks of a running answer do not.
    head_seq BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT check_status CHECK (status IN ('active', 'archived', 'deleted'))
-- Each message updates its session's row; room on the page keeps those updates out of the indexes.
) WITH (fillfactor = 70);

CREATE INDEX idx_chat_sessions_user_id ON chat_sessions(user_id);
CREATE INDEX idx_chat_sessions_agent_id ON chat_sessions(agent_id);
CREATE INDEX idx_chat_sessions_status ON chat_sessions(status);

CREATE TABLE chat_messages (
    -- Four bytes end at two thousand million messages.
    id BIGSERIAL PRIMARY KEY,
    session_id VARCHAR(128) NOT NULL REFERENCES chat_sessions(session_id) ON DELETE CASCADE,
    message_id VARCHAR(100) UNIQUE NOT NULL,
    sender_type VARCHAR(20) NOT NULL,
    sender_id VARCHAR(100) NOT NULL,
    message_type VARCHAR(20) NOT NULL,
    content TEXT,
    metadata JSONB,
    tokens_used INTEGER,
    latency_ms INTEGER,
    is_edited BOOLEAN NOT NULL DEFAULT FALSE,
    edited_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL DEFAULT (CURRENT_TIMESTAMP AT TIME ZONE 'UTC'),

    metadata_raw TEXT,
    seq BIGINT NOT NULL,
    sender_name TEXT NOT NULL,
    reply_to TEXT,
    is_deleted BOOLEAN NOT NULL DEFAULT FALSE,
    -- How an agent's answer ended; null for every other message.
    status VARCHAR(20),

    CONSTRAINT check_sender_type CHECK (sender_type IN ('user', 'agent', 'system')),
    CONSTRAINT check_message_type CHECK (message_type IN ('text', 'stream', 'file', 'system', 'question'))
);

CREATE UNIQUE INDEX idx_chat_messages_session_id ON chat_messages(session_id, seq);
CREATE INDEX idx_chat_messages_sender_id ON chat_messages(sender_id);
CREATE INDEX idx_chat_messages_created_at ON chat_messages(created_at);
-- Cursors that are a time.
CREATE INDEX idx_chat_messages_session_time ON chat_messages(session_id, created_at, seq);
-- Unread counts, the newest message of a session, an agent's context.
CREATE INDEX idx_chat_messages_shown ON chat_messages(session_id, seq, sender_id, sender_type) WHERE NOT is_deleted;

CREATE TABLE chat_files (
    id SERIAL PRIMARY KEY,
    message_id VARCHAR(100) REFERENCES chat_messages(message_id) ON DELETE CASCADE,
    file_id VARCHAR(100) UNIQUE NOT NULL,
    file_name VARCHAR(255) NOT NULL,
    file_type VARCHAR(100),
    file_size INTEGER,
    file_url VARCHAR(500),
    thumbnail_url VARCHAR(500),
    uploaded_by VARCHAR(100),
    uploaded_at TIMESTAMP NOT NULL DEFAULT (CURRENT_TIMESTAMP AT TIME ZONE 'UTC')
);

CREATE INDEX idx_chat_files_message_id ON chat_files(message_id);
CREATE INDEX idx_chat_files_uploaded_by ON chat_files(uploaded_by);

CREATE TABLE chat_members (
    session_id VARCHAR(128) NOT NULL REFERENCES chat_sessions(session_id) ON DELETE CASCADE,
    user_id VARCHAR(100) NOT NULL,
    name TEXT NOT NULL,
    role VARCHAR(20) NOT NULL,
    PRIMARY KEY (session_id, user_id)
);

CREATE INDEX idx_chat_members_user_id ON chat_members(user_id, session_id);

CREATE TABLE chat_reactions (
    message_id VARCHAR(100) NOT NULL REFERENCES chat_messages(message_id) ON DELETE CASCADE,
    emoji TEXT NOT NULL,
    user_id VARCHAR(100) NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (message_id, emoji, user_id)
);

CREATE TABLE chat_open_runs (
    message_id VARCHAR(100) PRIMARY KEY,
    session_id VARCHAR(128) NOT NULL REFERENCES chat_sessions(session_id) ON DELETE CASCADE,
    agent_id INTEGER NOT NULL,
    agent_name TEXT NOT NULL,
    -- The message that is being answered; null where an outside agent began by itself.
    prompt_id VARCHAR(100),
    queued_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP,
    streamed_by VARCHAR(100)
);

CREATE INDEX idx_chat_open_runs_session_id ON chat_open_runs(session_id);

CREATE TABLE chat_projection (
    name VARCHAR(100) PRIMARY KEY,
    ordering BIGINT NOT NULL
);

INSERT INTO chat_projection (name, ordering) VALUES ('read_model', 0);

-- Events that could not be applied, for an operator to look at.
CREATE TABLE chat_poison (
    ordering BIGINT PRIMARY KEY,
    log TEXT NOT NULL,
    seq BIGINT NOT NULL,
    error TEXT NOT NULL,
    set_aside_at TIMESTAMP NOT NULL
);

-- Refers to no other table, so that a rebuild leaves it alone.
CREATE TABLE chat_read_markers (
    user_id VARCHAR(100) NOT NULL,
    session_id VARCHAR(128) NOT NULL,
    seq BIGINT NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (user_id, session_id)
);
