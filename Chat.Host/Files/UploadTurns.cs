using Chat.Host.Configuration;
using Chat.Protocol;

namespace Chat.Host.Files;

/// <summary>How many uploads this node reads at once: of each user, and of all.</summary>
internal sealed class UploadTurns(FilesOptions options)
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _ofUser = [];
    private int _all;

    /// <param name="turn">To be disposed when the upload has ended.</param>
    public Rejected? Enter(string userId, out IDisposable? turn)
    {
        turn = null;
        lock (_gate)
        {
            var count = _ofUser.GetValueOrDefault(userId);
            if (count >= options.UploadsPerUser)
            {
                return new Rejected(ErrorCode.RateLimit, $"{options.UploadsPerUser} of your uploads are under way", Retry);
            }
            if (_all >= options.Uploads)
            {
                return new Rejected(ErrorCode.StorageUnavailable, "Too many uploads are under way", Retry);
            }
            _ofUser[userId] = count + 1;
            _all++;
        }
        turn = new Turn(this, userId);
        return null;
    }

    private void Leave(string userId)
    {
        lock (_gate)
        {
            _all--;
            if (--_ofUser[userId] == 0)
            {
                _ofUser.Remove(userId);
            }
        }
    }

    private sealed class Turn(UploadTurns turns, string userId) : IDisposable
    {
        private bool _left;

        public void Dispose()
        {
            if (!_left)
            {
                _left = true;
                turns.Leave(userId);
            }
        }
    }
}
