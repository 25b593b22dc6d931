"""Drives many clients of Python's websockets for the tests, by one JSON object per line; it ends when its input does.

The lines are those of face-client.mjs, with the library "websockets".
"""
import asyncio
import json
import sys

import websockets


def tell(**report):
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()


class Client:
    def __init__(self, number):
        self.number = number
        self.commands = asyncio.Queue()
        self.reading = asyncio.Event()
        self.reading.set()
        self.task = None

    async def run(self, command):
        try:
            # A room's list is as long as its messages are.
            async with websockets.connect(
                command["url"],
                subprotocols=command.get("protocols") or None,
                extra_headers=command.get("headers"),
                compression=None,
                max_size=None,
            ) as socket:
                tell(client=self.number, what="open")
                obeying = asyncio.create_task(self.obey(socket))
                try:
                    while True:
                        await self.reading.wait()
                        tell(client=self.number, what="frame", text=await socket.recv())
                except websockets.ConnectionClosed:
                    tell(client=self.number, what="close", code=socket.close_code, reason=socket.close_reason)
                finally:
                    obeying.cancel()
        except (OSError, websockets.InvalidHandshake) as error:
            tell(client=self.number, what="close", code=getattr(error, "status_code", 1006), reason=str(error))

    async def obey(self, socket):
        while True:
            command = await self.commands.get()
            what = command["do"]
            try:
                if what == "send":
                    await socket.send(command["text"])
                elif what == "pause":
                    self.reading.clear()
                elif what == "resume":
                    self.reading.set()
                elif what == "close":
                    self.reading.set()
                    await socket.close()
                elif what == "break":
                    self.reading.set()
                    socket.transport.abort()
            except websockets.ConnectionClosed:
                # Told by the one who reads.
                pass


async def main():
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=2**24, loop=loop)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    clients = {}
    while line := await lines.readline():
        command = json.loads(line)
        number = command["client"]
        if command["do"] == "open":
            clients[number] = Client(number)
            clients[number].task = asyncio.create_task(clients[number].run(command))
        else:
            clients[number].commands.put_nowait(command)


asyncio.run(main())
