namespace Chat.Host.Faces.SocketIo;

/// <summary>Counts those who wait outside, by address; one address has a quarter of the places at most.</summary>
internal sealed class SocketIoOutside(int most)
{
    private readonly int _mostOfOne = Math.Max(1, most / 4);
    private readonly Lock _gate = new();
    private readonly Dictionary<UInt128, int> _addresses = [];
    private int _count;

    public bool TryEnter(UInt128 address)
    {
        lock (_gate)
        {
            var ofThis = _addresses.GetValueOrDefault(address);
            if (_count >= most || ofThis >= _mostOfOne)
            {
                return false;
            }
            _count++;
            _addresses[address] = ofThis + 1;
            return true;
        }
    }

    public void Leave(UInt128 address)
    {
        lock (_gate)
        {
            _count--;
            if (--_addresses[address] == 0)
            {
                _addresses.Remove(address);
            }
        }
    }
}
