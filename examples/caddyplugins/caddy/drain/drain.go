// Package drain lets Caddy end without losing a request. The server of net/http, once it is to shut down, hangs up on a
// connection that it has taken and not yet read. So, before that, this takes nothing more, and waits until what was taken
// is answered; what comes meanwhile waits in the kernel for the next Caddy, where systemd keeps the socket open.
package drain

import (
	"context"
	"io"
	"net"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
)

// patience is how long net/http, too, waits for a connection on which nothing arrives.
const patience = 5 * time.Second

func init() { caddy.RegisterModule(Drain{}) }

// Drain is the module caddy.listeners.drain, `drain` among the `listener_wrappers` of a Caddyfile. It takes no settings.
type Drain struct {
	listeners *[]*listener
}

func (Drain) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.listeners.drain", New: func() caddy.Module { return new(Drain) }}
}

// Provision asks to be told before anything stops.
func (drain *Drain) Provision(ctx caddy.Context) error {
	drain.listeners = new([]*listener)
	events, err := ctx.App("events")
	if err != nil {
		return err
	}
	return events.(*caddyevents.App).On("stopping", drain)
}

func (drain *Drain) WrapListener(inner net.Listener) net.Listener {
	made := &listener{
		Listener: inner,
		stopping: make(chan struct{}),
		parked:   make(chan struct{}),
		closed:   make(chan struct{}),
	}
	*drain.listeners = append(*drain.listeners, made)
	return made
}

// Handle comes before Caddy stops, or takes another configuration.
func (drain *Drain) Handle(context.Context, caddy.Event) error {
	var all sync.WaitGroup
	for _, each := range *drain.listeners {
		all.Go(each.drain)
	}
	all.Wait()
	return nil
}

func (*Drain) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.ArgErr()
	}
	return nil
}

type listener struct {
	net.Listener
	// Nothing more is to be taken; nothing more is taken; it is closed.
	stopping, parked, closed      chan struct{}
	stopOnce, parkOnce, closeOnce sync.Once
	mutex                         sync.Mutex
	unanswered                    int
	accepts                       atomic.Bool
}

func (l *listener) Accept() (net.Conn, error) {
	l.accepts.Store(true)
	inner, err := l.Listener.Accept()
	if err == nil {
		l.count(1)
		return &conn{Conn: inner, answered: sync.OnceFunc(func() { l.count(-1) })}, nil
	}
	select {
	case <-l.stopping:
		l.parkOnce.Do(func() { close(l.parked) })
		<-l.closed
		return nil, net.ErrClosed
	default:
		return nil, err
	}
}

func (l *listener) Close() error {
	l.closeOnce.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

func (l *listener) drain() {
	l.stopOnce.Do(func() { close(l.stopping) })
	until := time.Now().Add(patience)
	if socket := socketOf(l.Listener); socket != nil && l.accepts.Load() {
		// It may be waiting for the next connection.
		socket.SetDeadline(time.Now())
		select {
		case <-l.parked:
		case <-time.After(patience):
		}
	}
	for l.count(0) > 0 && time.Now().Before(until) {
		time.Sleep(time.Millisecond)
	}
}

func (l *listener) count(more int) int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.unanswered += more
	return l.unanswered
}

type withDeadline interface{ SetDeadline(time.Time) error }

// socketOf finds the socket under what Caddy wraps around it: types of its own that embed a net.Listener.
func socketOf(wrapped net.Listener) withDeadline {
	for {
		if socket, ok := wrapped.(withDeadline); ok {
			return socket
		}
		value := reflect.Indirect(reflect.ValueOf(wrapped))
		if value.Kind() != reflect.Struct {
			return nil
		}
		field := value.FieldByName("Listener")
		if !field.IsValid() || !field.CanInterface() {
			return nil
		}
		inner, ok := field.Interface().(net.Listener)
		if !ok {
			return nil
		}
		wrapped = inner
	}
}

// conn counts until something is written to it, or it is closed.
type conn struct {
	net.Conn
	answered func()
}

func (c *conn) Write(data []byte) (int, error) {
	defer c.answered()
	return c.Conn.Write(data)
}

// ReadFrom leaves it to the kernel to send a file, as without this.
func (c *conn) ReadFrom(from io.Reader) (int64, error) {
	defer c.answered()
	return io.Copy(c.Conn, from)
}

func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (c *conn) Close() error {
	defer c.answered()
	return c.Conn.Close()
}

var (
	_ caddy.ListenerWrapper = (*Drain)(nil)
	_ caddy.Provisioner     = (*Drain)(nil)
	_ caddyevents.Handler   = (*Drain)(nil)
	_ caddyfile.Unmarshaler = (*Drain)(nil)
)
