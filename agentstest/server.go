package agentstest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// A Server is a [Service] that listens on a loopback port.
type Server struct {
	*Service
	URL string // its base URL, http://127.0.0.1:port

	http   *http.Server
	cancel context.CancelFunc
	served chan struct{}
	conns  sync.WaitGroup
	calls  sync.WaitGroup
	close  sync.Once
}

// NewServer starts a server, which must be closed. It panics when it cannot
// listen on a loopback port.
func NewServer(opts ...Option) *Server {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
	if err != nil {
		if l, err = net.Listen("tcp6", "[::1]:0"); err != nil { //nolint:noctx // it does not wait
			panic(fmt.Sprintf("agentstest: cannot listen: %v", err))
		}
	}
	return Serve(l, New(opts...))
}

// Serve starts a server on a listener, for a port of one's own choice. The
// server closes the listener.
func Serve(l net.Listener, service *Service) *Server {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{Service: service, URL: "http://" + l.Addr().String(), cancel: cancel, served: make(chan struct{})}
	s.http = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.calls.Add(1)
			defer s.calls.Done()
			service.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnState: func(conn net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				s.conns.Add(1)
				if ctx.Err() != nil { // accepted too late for Close to know of it
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

// Close ends the server, together with the requests it is answering. It returns
// when nothing of it is left running. It may be called more than once.
func (s *Server) Close() {
	s.close.Do(func() {
		s.cancel() // ends what waits
		_ = s.http.Close()
		<-s.served
		s.conns.Wait()
		s.calls.Wait()
	})
}

// Shutdown is [Server.Close] that lets requests be answered first, as long as
// ctx lasts.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	s.Close()
	return err
}
