package agentstest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Server is a [Service] that listens on a loopback port.
type Server struct {
	*Service
	URL string // the base URL, http://127.0.0.1:port without a slash at its end

	http   *http.Server
	cancel context.CancelFunc
	served chan struct{}
	conns  sync.WaitGroup
	calls  sync.WaitGroup
	close  sync.Once
}

// NewServer starts a server on a free loopback port. The caller must call Close
// when it is done. NewServer panics if it cannot listen.
func NewServer(opts ...Option) *Server {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not block
	if err != nil {
		if l, err = net.Listen("tcp6", "[::1]:0"); err != nil { //nolint:noctx // it does not block
			panic(fmt.Sprintf("agentstest: cannot listen: %v", err))
		}
	}
	return Serve(l, New(opts...))
}

// Serve starts a server on a listener, which the server closes. Use it to choose
// the port. The caller must call Close when it is done.
func Serve(l net.Listener, service *Service) *Server {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{Service: service, URL: "http://" + reachable(l.Addr()), cancel: cancel, served: make(chan struct{})}
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.handle),
		ReadHeaderTimeout: time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnState: func(conn net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				s.conns.Add(1)
				if ctx.Err() != nil { // too late for http.Server.Close to see it
					_ = conn.Close()
				}
			case http.StateClosed, http.StateHijacked:
				s.conns.Done()
			default:
			}
		},
	}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(l) // ends when Close is called
	}()
	return s
}

// reachable returns the address at which a program on this machine reaches a listener.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	host := "127.0.0.1"
	if tcp.IP.To4() == nil { // perhaps of both versions of IP
		host = "localhost"
	}
	return net.JoinHostPort(host, strconv.Itoa(tcp.Port))
}

// handle serves a request, as one that Close waits for.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	defer s.calls.Done()
	s.Service.ServeHTTP(w, r)
}

// Close stops the server and aborts the requests in progress. When it
// returns, no goroutine of the server is left, except that of the request in whose
// handler it was called.
func (s *Server) Close() {
	if s.http == nil { // NewServer did not return s
		return
	}
	s.close.Do(func() {
		s.cancel() // ends delays
		_ = s.http.Close()
		<-s.served
	})
	if !inHandler() {
		s.conns.Wait()
		s.calls.Wait()
	}
}

// Shutdown waits until no request is in progress or ctx is done, and then closes
// the server. It returns the error of ctx if ctx is done first. In the handler of a
// request, it waits for nothing.
func (s *Server) Shutdown(ctx context.Context) error {
	var err error
	if s.http != nil && !inHandler() {
		err = s.http.Shutdown(ctx)
	}
	s.Close()
	return err
}

// inHandler reports whether it is called while this goroutine serves a request: waiting
// for that request would be forever.
func inHandler() bool {
	pcs := make([]uintptr, 256)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.Function, "agentstest.(*Server).handle") {
			return true
		}
		if !more {
			return false
		}
	}
}
