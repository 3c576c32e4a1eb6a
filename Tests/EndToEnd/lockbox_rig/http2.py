"""A client of HTTP/2 that a test drives, and that breaks the rules where it is told to."""

import socket
import ssl

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

from .machine import LOOPBACK


class Stream:
    """What came on one stream."""

    def __init__(self):
        self.status, self.fields, self.body, self.ended, self.reset = None, [], b"", False, None


class Client:
    """A connection. `window` is how much of a body it takes before it is asked to `take` more; it takes all unless told
    otherwise."""

    def __init__(self, port, cafile, window=None, protocols=("h2",)):
        context = ssl.create_default_context(cafile=cafile)
        context.set_alpn_protocols(list(protocols))
        self.socket = context.wrap_socket(
            socket.create_connection((LOOPBACK, port), timeout=30), server_hostname="localhost")
        self.protocol = self.socket.selected_alpn_protocol()
        self.streams, self.farewell, self.closed, self.takes = {}, None, False, window is None
        # What is sent is what the test says, whether it is allowed or not.
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            header_encoding="utf-8", validate_outbound_headers=False, normalize_outbound_headers=False))
        self.h2.initiate_connection()
        if self.takes:
            self.h2.increment_flow_control_window(1 << 24)
        else:
            self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        if data := self.h2.data_to_send():
            self.send(data)

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            self.closed = True

    def begin(self, fields, end=True, flush=True):
        """Sends a head, or keeps it until more is sent; gives the number of its stream."""
        number = self.h2.get_next_available_stream_id()
        self.streams[number] = Stream()
        self.h2.send_headers(number, fields, end_stream=end)
        if flush:
            self.flush()
        return number

    def body(self, number, data, end=True):
        """Sends a body no faster than it may."""
        while data:
            size = min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size, len(data))
            if size == 0:
                self.pump()
                continue
            self.h2.send_data(number, data[:size])
            data = data[size:]
            self.flush()
        if end:
            self.h2.end_stream(number)
            self.flush()

    def pump(self):
        """Reads once; false when there will be nothing more."""
        try:
            data = self.socket.recv(65536)
        except (ConnectionError, ssl.SSLError):
            data = b""
        if not data:
            self.closed = True
            return False
        try:
            events = self.h2.receive_data(data)
        except h2.exceptions.ProtocolError:
            # What comes for a stream that the test has broken.
            events = []
        for event in events:
            self.note(event)
        self.flush()
        return True

    def note(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        match event:
            case h2.events.ConnectionTerminated():
                if self.farewell is None:
                    self.farewell = event.error_code
            case h2.events.ResponseReceived():
                stream.fields = [(str(name), str(value)) for name, value in event.headers]
                stream.status = int(dict(stream.fields)[":status"])
            case h2.events.DataReceived():
                stream.body += event.data
                if self.takes and event.flow_controlled_length:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                stream.ended = True
            case h2.events.StreamReset():
                stream.reset = event.error_code

    def until(self, condition):
        while not condition():
            assert self.pump(), "the connection was closed too early"
        return self

    def answer(self, number):
        """The whole answer, or as much as came before its stream or the connection broke."""
        stream = self.streams[number]
        while not stream.ended and stream.reset is None and not self.closed:
            self.pump()
        return stream

    def cut(self):
        """Reads on until it is closed."""
        while self.pump():
            pass
        self.socket.close()
        return self
