using Chat.Protocol;

namespace Chat.Actors.Persistence;

/// <summary>
/// What a batch of events does to the tables. Pure. A session's own row is written once per batch, however many of its events are in it: a thousand
/// versions of one row in one transaction would each be walked over by the next.
/// </summary>
internal sealed class EventProjection
{
    /// <summary>Scalar values of the newest message that the session list shows; <c>substr</c> counts these in both databases.</summary>
    public const int LastMessageLength = 200;

    /// <summary>Of the event that is applied, and at the end of all sessions' lists.</summary>
    private readonly List<ReadStatement> _statements = [];
    private readonly Dictionary<string, SessionChange> _changes = new(StringComparer.Ordinal);

    private readonly Dictionary<string, SessionCreated> _made = new(StringComparer.Ordinal);

    /// <summary>Sessions that are out of all lists until the batch's end.</summary>
    private readonly HashSet<string> _moved = new(StringComparer.Ordinal);

    private readonly SearchIndex _search;

    private EventProjection(SearchIndex search) => _search = search;

    /// <returns>Made as they are asked for: those of a whole batch at once are megabytes that the collector would carry along.</returns>
    public static IEnumerable<ReadStatement> Of(IEnumerable<StoredEvent> events, SearchIndex search, DateTimeOffset now)
    {
        var projection = new EventProjection(search);
        foreach (var stored in events)
        {
            if (stored.Event is null)
            {
                yield return SetAside(stored, ErrorOf(stored), now);
            }
            else
            {
                projection.Apply(stored, stored.Event);
                foreach (var statement in projection._statements)
                {
                    yield return statement;
                }
                projection._statements.Clear();
            }
        }
        foreach (var (session, change) in projection._changes)
        {
            yield return SessionStatements.Touch(session, change);
            projection.List(session, change);
        }
        foreach (var statement in projection._statements.Concat(ListStatements.Add(projection._made.Values)))
        {
            yield return statement;
        }
    }

    /// <summary>Why an event that was not decoded was not.</summary>
    public static string ErrorOf(StoredEvent stored) => stored.Error ?? "The event cannot be read";

    public static ReadStatement SetAside(StoredEvent stored, string error, DateTimeOffset now) => new(
        "INSERT INTO chat_poison (ordering, log, seq, error, set_aside_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (ordering) DO NOTHING",
        [stored.Ordering, stored.Log, stored.Seq, Shorten(error), now]);

    private void Apply(StoredEvent stored, SessionEvent e)
    {
        var session = stored.Log;
        if (ListStatements.Moves(e) && _moved.Add(session) && !_made.Remove(session))
        {
            _statements.Add(ListStatements.TakeOut(session));
        }
        switch (e)
        {
            // Chunks stand in the log alone until the answer ends; a name's log is no session.
            case StreamChunk or RunClaimed or NameClaimed:
                return;
            case SessionCreated created:
                _made[session] = created;
                _statements.AddRange(SessionStatements.Create(session, created));
                break;
            case TitleChanged changed:
                _statements.Add(SessionStatements.SetTitle(session, changed.Title));
                break;
            case MetadataChanged changed:
                _statements.Add(SessionStatements.SetMetadata(session, changed.Metadata));
                break;
            case SessionArchived:
                _statements.Add(SessionStatements.SetStatus(session, "archived", e.At));
                break;
            case SessionRestored:
                _statements.Add(SessionStatements.SetStatus(session, "active", null));
                break;
            case ParticipantJoined joined:
                _statements.Add(SessionStatements.SetMember(session, new Member(joined.ParticipantId, joined.Nickname, Member.Participant)));
                break;
            case MemberAdded added:
                _statements.Add(SessionStatements.SetMember(session, added.Member));
                break;
            case MemberRemoved removed:
                _statements.Add(SessionStatements.RemoveMember(session, removed.UserId));
                break;
            case MessagePosted posted:
                Post(stored, posted);
                break;
            case StreamEnded ended:
                EndStream(stored, ended);
                break;
            case MessageEdited edited:
                _statements.AddRange(_search.BeforeChange(edited.MessageId));
                _statements.Add(MessageStatements.Edit(session, edited));
                _statements.Add(_search.AfterEdit(edited.MessageId, edited.Content));
                break;
            case MessageDeleted deleted:
                _statements.AddRange(_search.BeforeChange(deleted.MessageId));
                _statements.Add(MessageStatements.Delete(session, deleted.MessageId));
                _statements.AddRange(_search.AfterDelete(deleted.MessageId));
                _statements.Add(MessageStatements.RemoveReactions(deleted.MessageId));
                _statements.AddRange(FileStatements.Delete(deleted.MessageId));
                break;
            case ReactionChanged reaction:
                _statements.Add(MessageStatements.React(stored.Seq, reaction));
                break;
            case RunQueued queued:
                _statements.Add(MessageStatements.QueueRun(session, queued));
                break;
            case StreamStarted started:
                _statements.Add(MessageStatements.StartRun(session, started));
                break;
            default:
                throw new UnappliedEventException($"The read model does not know {e.GetType().Name}");
        }
        Touch(session, stored.Seq, e);
    }

    private void Post(StoredEvent stored, MessagePosted posted)
    {
        var file = posted as FilePosted;
        var terms = SearchTerms.OfMessage(stored.Log, stored.Ordering, posted.Content, file?.File.Name);
        _statements.Add(MessageStatements.Post(stored, posted, _search.IsColumn ? terms : null));
        _statements.AddRange(_search.Post(stored.Ordering, terms));
        if (file is not null)
        {
            _statements.AddRange(FileStatements.Post(file));
        }
    }

    private void EndStream(StoredEvent stored, StreamEnded ended)
    {
        var terms = SearchTerms.OfMessage(stored.Log, stored.Ordering, ended.Content, fileName: null);
        _statements.Add(MessageStatements.EndStream(stored, ended, _search.IsColumn ? terms : null));
        _statements.AddRange(_search.Post(stored.Ordering, terms));
        _statements.Add(MessageStatements.CloseRun(ended.MessageId));
    }

    private void Touch(string session, long seq, SessionEvent e)
    {
        var isNew = e is MessagePosted or StreamEnded;
        var before = _changes.GetValueOrDefault(session);
        _changes[session] = new SessionChange(
            seq,
            e.At,
            isNew || e is SessionCreated ? e.At : before.ActiveAt,
            before.NewMessages + (isNew ? 1 : 0),
            before.MessagesChanged || isNew || e is MessageEdited or MessageDeleted);
    }

    private void List(string session, SessionChange change)
    {
        if (_moved.Contains(session))
        {
            _statements.AddRange(ListStatements.PutBack(session));
        }
        else if (change is { NewMessages: > 0, ActiveAt: { } activeAt })
        {
            _statements.Add(ListStatements.Rise(session, activeAt));
        }
    }

    private static string Shorten(string error)
    {
        // PostgreSQL's text holds no U+0000, and an error may quote one.
        var text = error.Replace('\0', ' ');
        return text.Length <= 1000 ? text : text[..(char.IsHighSurrogate(text[999]) ? 999 : 1000)];
    }
}

/// <summary>What a batch changes in one session's row.</summary>
internal readonly record struct SessionChange(long Head, DateTimeOffset At, DateTimeOffset? ActiveAt, int NewMessages, bool MessagesChanged);
