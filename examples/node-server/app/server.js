const { createServer } = require("node:http");

const server = createServer((request, response) => {
    const name = new URL(request.url, "http://localhost").searchParams.get("name") ?? "World";
    response.setHeader("content-type", "text/plain; charset=utf-8");
    response.end(`${process.env.GREETING ?? "Hello"}, ${name}!\n`);
});

// The socket of web.socket: it stays open while one version of this program ends and the next one starts.
server.listen(process.env.LISTEN_FDS ? { fd: 3 } : 8080);

process.on("SIGTERM", () => {
    // Answers what has come in, then ends.
    server.close(() => process.exit(0));
    server.closeIdleConnections();
});
