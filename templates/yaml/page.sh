#!/bin/sh
# Answers one HTTP request on standard input and output.
while read -r line && [ "${#line}" -gt 1 ]; do :; done
body="Hello, $NAME!
"
printf 'HTTP/1.1 200 OK\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s' "${#body}" "$body"
