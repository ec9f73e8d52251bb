"""A TCP proxy that holds the first byte of every answer back, as a far store does.

python delay.py HOST PORT MILLISECONDS    prints its own port and runs until killed
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PIECE = 1 << 18


@contextmanager
def delayed(host: str, port: int, milliseconds: int) -> Iterator[int]:
    """Run the proxy as a process of its own and yield its port."""
    command = [sys.executable, Path(__file__), host, str(port), str(milliseconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


class _Link:
    """One connection: when its last request came decides when the answer may go."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due = 0.0

    async def requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(_PIECE):
            self._due = asyncio.get_running_loop().time() + self._seconds
            writer.write(data)
            await writer.drain()
        writer.close()

    async def answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(_PIECE):
            wait = self._due - asyncio.get_running_loop().time()
            if wait > 0:
                await asyncio.sleep(wait)
            writer.write(data)
            await writer.drain()
        writer.close()


async def _serve(host: str, port: int, seconds: float) -> None:
    async def link(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, port)
        both = _Link(seconds)
        await asyncio.gather(
            both.requests(reader, far_writer),
            both.answers(far_reader, writer),
            return_exceptions=True,
        )

    server = await asyncio.start_server(link, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) / 1000))
