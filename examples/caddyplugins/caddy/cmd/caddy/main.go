// Caddy with its standard modules, and with the one of this example that lets it end without losing a request.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "caddyplugins/drain"

	_ "github.com/caddyserver/caddy/v2/modules/standard"
)

func main() { caddycmd.Main() }
