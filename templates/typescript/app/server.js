const http = require("node:http");
const server = http.createServer((_, response) => response.end(`Hello, ${process.env.NAME}!\n`));
server.listen({ fd: 3 }); // the socket that systemd opens
process.on("SIGTERM", () => server.close());
