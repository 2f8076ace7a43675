// Package teapot is an HTTP handler for Caddy that answers every request with 418 (RFC 2324, section 2.3.2).
package teapot

import (
	"io"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() {
	caddy.RegisterModule(Teapot{})
	httpcaddyfile.RegisterHandlerDirective("teapot", parse)
}

// Teapot is the module http.handlers.teapot, the directive `teapot` of a Caddyfile. It takes no settings.
type Teapot struct{}

func (Teapot) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.teapot", New: func() caddy.Module { return new(Teapot) }}
}

func (Teapot) ServeHTTP(writer http.ResponseWriter, _ *http.Request, _ caddyhttp.Handler) error {
	writer.WriteHeader(http.StatusTeapot)
	_, err := io.WriteString(writer, "I'm a teapot\n")
	return err
}

func parse(helper httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	helper.Next()
	if helper.NextArg() {
		return nil, helper.ArgErr()
	}
	return Teapot{}, nil
}

var _ caddyhttp.MiddlewareHandler = Teapot{}
