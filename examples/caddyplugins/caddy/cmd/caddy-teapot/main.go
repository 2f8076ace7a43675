// Caddy with its standard modules, and with both plugins of this example: one import each.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "caddyplugins/drain"
	_ "caddyplugins/teapot"

	_ "github.com/caddyserver/caddy/v2/modules/standard"
)

func main() { caddycmd.Main() }
