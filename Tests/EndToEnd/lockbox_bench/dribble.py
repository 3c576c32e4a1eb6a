"""An application, in a process of its own, whose streams get a little now and then: /stream never ends."""

import select
import socket
import time

from lockbox_rig.machine import LOOPBACK

# Seconds between two pieces of one stream; with many streams more, so that all get no more than `AT_MOST` a second.
EVERY, AT_MOST = 0.02, 5_000
TURN = 0.005
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
PIECE = b"1\r\n.\r\n"


def every(streams):
    return max(EVERY, streams / AT_MOST)


class Application:
    def __init__(self, listener):
        self.listener, self.poll = listener, select.epoll()
        self.clients, self.streams, self.turn = {}, [], 0.0
        self.poll.register(listener, select.EPOLLIN)

    def run(self):
        following = time.monotonic()
        while True:
            for number, _ in self.poll.poll(max(0, following - time.monotonic())):
                if number == self.listener.fileno():
                    self.accept()
                else:
                    self.read(self.clients[number])
            if time.monotonic() >= following:
                following = time.monotonic() + TURN
                self.dribble()

    def accept(self):
        client, _ = self.listener.accept()
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.clients[client.fileno()] = client
        self.poll.register(client, select.EPOLLIN)

    def read(self, client):
        """Requests are small, and come whole."""
        try:
            data = client.recv(65_536)
            if not data:
                return self.drop(client)
            is_stream = data.startswith(b"GET /stream ")
            client.send(STREAM if is_stream else PLAIN)
            if is_stream:
                self.streams.append(client)
        except OSError:
            self.drop(client)

    def dribble(self):
        if not self.streams:
            return
        self.turn += len(self.streams) * TURN / every(len(self.streams))
        count, self.turn = int(self.turn), self.turn % 1
        now, self.streams = self.streams[:count], self.streams[count:]
        for client in now:
            try:
                client.send(PIECE)
                self.streams.append(client)
            except OSError:
                self.drop(client)

    def drop(self, client):
        if self.clients.pop(client.fileno(), None):
            self.poll.unregister(client)
            self.streams = [one for one in self.streams if one is not client]
            client.close()


def main():
    listener = socket.create_server((LOOPBACK, 0), backlog=4096)
    print(listener.getsockname()[1], flush=True)
    Application(listener).run()


if __name__ == "__main__":
    main()
