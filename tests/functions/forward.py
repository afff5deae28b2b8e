"""Forwards connections from a port of an address to a port of 127.0.0.1.

Usage: forward.py ADDRESS PORT LOOPBACK_PORT
"""

import asyncio
import sys

CHUNK_BYTES = 65_536


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        # One side has gone, so the other is told.
        pass
    finally:
        writer.close()


async def main() -> None:
    address, port, loopback_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", loopback_port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(copy(reader, there_writer), copy(there_reader, writer))

    server = await asyncio.start_server(forward, address, port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
