"""A slow road to a node: passes on what comes, at a rate, and counts what the node sent into it."""

import asyncio
import contextlib
import threading
import time

CHUNK = 32 << 10


class Roads:
    """A thread that keeps all roads of a measurement going."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def __enter__(self) -> "Roads":
        return self

    def __exit__(self, *_) -> None:
        asyncio.run_coroutine_threadsafe(self.close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)

    async def close(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def open(self, port: int, bytes_per_second: int) -> "Road":
        """A road to the node at a port of loopback."""
        road = Road(port, bytes_per_second)
        asyncio.run_coroutine_threadsafe(road.open(), self.loop).result(10)
        return road


class Road:
    """Ends where the node listens. What the node's kernel still sends after the node was killed arrives here, too."""

    def __init__(self, port: int, bytes_per_second: int) -> None:
        self.node_port = port
        self.bytes_per_second = bytes_per_second
        self.port = 0
        # What the node sent, whether or not anybody took it.
        self.count = 0
        self.free_at = 0.0
        # The loop itself does not keep tasks that nobody else refers to.
        self.tasks: set[asyncio.Task] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        server = await asyncio.start_server(self.connect, "127.0.0.1", 0, limit=CHUNK)
        self.port = server.sockets[0].getsockname()[1]

    async def connect(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        self.tasks.add(asyncio.current_task())
        asyncio.current_task().add_done_callback(self.tasks.discard)
        forth = None
        with contextlib.suppress(OSError):
            node, forth = await asyncio.open_connection("127.0.0.1", self.node_port, limit=CHUNK)
            asking = asyncio.ensure_future(self.ask(client, forth))
            try:
                await self.answer(node, back)
            finally:
                asking.cancel()
        for writer in (forth, back):
            if writer:
                writer.close()

    async def ask(self, client: asyncio.StreamReader, forth: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await client.read(CHUNK):
                forth.write(chunk)
                await forth.drain()
            forth.close()

    async def answer(self, node: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        while chunk := await node.read(CHUNK):
            self.count += len(chunk)
            self.free_at = max(self.free_at, time.monotonic()) + len(chunk) / self.bytes_per_second
            await asyncio.sleep(max(0, self.free_at - time.monotonic()))
            back.write(chunk)
            await back.drain()
