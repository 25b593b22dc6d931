using System.Buffers;
using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Chat.Bench.Baselines;

/// <summary>The cheapest way of storing: records appended to one file, by one thread that writes and syncs whatever has gathered while it was syncing.</summary>
internal sealed class GroupCommitLog : IDisposable
{
    private readonly object _gate = new();
    private readonly SafeFileHandle _file;
    private readonly Thread _thread;
    private ArrayBufferWriter<byte> _records = new();
    private List<(byte[] Frame, Action<byte[]> Stored)> _gathering = [];
    private bool _isClosed;

    public GroupCommitLog(string path)
    {
        _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        _thread = new Thread(Run) { Name = "log", IsBackground = true };
        _thread.Start();
    }

    /// <param name="stored">Called with the frame when it is on the disk, in the order of the appends.</param>
    public void Append(ReadOnlySpan<byte> room, byte[] frame, Action<byte[]> stored)
    {
        lock (_gate)
        {
            Write(room);
            Write(frame);
            _gathering.Add((frame, stored));
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Stores what has gathered.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.Pulse(_gate);
        }
        _thread.Join();
        _file.Dispose();
    }

    private void Write(ReadOnlySpan<byte> field)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_records.GetSpan(sizeof(int)), field.Length);
        _records.Advance(sizeof(int));
        _records.Write(field);
    }

    private void Run()
    {
        List<(byte[] Frame, Action<byte[]> Stored)> storing = [];
        var records = new ArrayBufferWriter<byte>();
        for (long end = 0; ;)
        {
            lock (_gate)
            {
                while (_gathering.Count == 0)
                {
                    if (_isClosed)
                    {
                        return;
                    }
                    Monitor.Wait(_gate);
                }
                (storing, _gathering) = (_gathering, storing);
                (records, _records) = (_records, records);
            }
            RandomAccess.Write(_file, records.WrittenSpan, end);
            RandomAccess.FlushToDisk(_file);
            end += records.WrittenCount;
            records.ResetWrittenCount();
            foreach (var (frame, stored) in storing)
            {
                stored(frame);
            }
            storing.Clear();
        }
    }
}
