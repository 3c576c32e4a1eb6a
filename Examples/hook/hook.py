"""A hook for Lockbox: python3 hook.py PORT SECRET_FILE COMMAND. It checks each message and runs COMMAND:
open NAME END RESOURCE ACTION… (the token on standard input), close NAME…, list. COMMAND prints what is open of that."""
import base64, contextlib, datetime, hmac, http.server, json, subprocess, sys, threading, time

port, secret_file, command = sys.argv[1:]
key = base64.b64decode(open(secret_file).read().strip().removeprefix("whsec_"), validate=True)
closed, locks = set(), {}

def carry_out(act, data):
    # What is said of one grant happens in its order; many grants may end at the same moment.
    with locks.setdefault(data.get("grant"), threading.Lock()) if act != "list" else contextlib.nullcontext():
        arguments, token = data.get("usernames", []), data.get("token", "")
        if act == "open":
            left = datetime.datetime.fromisoformat(data["end"].replace("Z", "+00:00")).timestamp() - time.time()
            if left <= 0 or data["grant"] in closed:
                raise PermissionError("this access is over")
            end = threading.Timer(left, carry_out, ["close", {"grant": data["grant"], "usernames": [data["username"]]}])
            end.daemon = True
            end.start()
            arguments = [data["username"], data["end"], data["resource"], *data["actions"]]
        elif act == "close":
            closed.add(data["grant"])
        return subprocess.run([command, act, *arguments], input=token, stdout=subprocess.PIPE, text=True, check=True,
                              timeout=60).stdout.split()

class Hook(http.server.BaseHTTPRequestHandler):
    timeout = 10  # for a client that says nothing

    def do_POST(self):
        body = self.rfile.read(min(abs(int(self.headers["Content-Length"])), 65536))
        identifier, sent = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        code = hmac.digest(key, f"{identifier}.{sent}.".encode() + body, "sha256")
        good = "v1," + base64.b64encode(code).decode()
        if abs(time.time() - int(sent)) > 300 or not any(
                hmac.compare_digest(good, one) for one in self.headers["webhook-signature"].split()):
            return self.send_error(401)
        message = json.loads(body)
        answer = {"id": identifier, "open": carry_out(message["type"].removeprefix("access."), message["data"])}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

http.server.ThreadingHTTPServer.request_queue_size = 128  # connections that wait to be accepted
http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Hook).serve_forever()
