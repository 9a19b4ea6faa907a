// Package lean provides an HTTP server for benchmarks. It sends prepared bytes
// and allocates almost nothing for a request, so that a benchmark in the same
// process measures only the client.
package lean

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// A Reply is the response to a request.
type Reply struct {
	Delay time.Duration // before the response is sent

	head   []byte
	stream int64 // bytes of zeros after head
}

// JSON returns a Reply with status 200 and the given body.
func JSON(body string) *Reply {
	return &Reply{head: fmt.Appendf(nil,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)}
}

// File returns a Reply with a file of size bytes.
func File(size int64) *Reply {
	return &Reply{stream: size, head: fmt.Appendf(nil,
		"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"file.bin\"\r\nContent-Length: %d\r\n\r\n", size)}
}

// A Server listens on a loopback address. It understands requests in the form
// in which net/http sends them, on persistent connections.
type Server struct {
	URL string

	route    func(target []byte) *Reply
	listener net.Listener
	zeros    []byte
	wg       sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool

	accepted, open, peak atomic.Int64
}

// Start starts a Server, which serves until Close is called. route returns the
// Reply for the target of a request, which is a path with its query, or nil for
// a 404. It must not retain target. It is called by the goroutines of all
// connections at once.
func Start(route func(target []byte) *Reply) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not block
	if err != nil {
		return nil, err
	}
	s := &Server{
		URL: "http://" + l.Addr().String(), route: route, listener: l,
		zeros: make([]byte, 64<<10), conns: map[net.Conn]struct{}{},
	}
	s.wg.Go(s.accept)
	return s, nil
}

// Close stops the server, closes all connections and waits for their
// goroutines.
func (s *Server) Close() {
	_ = s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// Accepted returns the number of connections that were accepted so far.
func (s *Server) Accepted() int { return int(s.accepted.Load()) }

// Open returns the number of open connections. Each has a goroutine.
func (s *Server) Open() int { return int(s.open.Load()) }

// Peak returns the largest number of connections that were open at the same
// time.
func (s *Server) Peak() int { return int(s.peak.Load()) }

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.accepted.Add(1)
		if n := s.open.Add(1); n > s.peak.Load() {
			s.peak.Store(n) // only this loop sets it
		}
		s.mu.Lock()
		if s.closed {
			_ = c.Close() // serve finds out
		}
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.wg.Go(func() {
			s.serve(c)
			_ = c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
			s.open.Add(-1)
		})
	}
}

var notFound = &Reply{head: []byte("HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")}

// serve serves the requests of one connection until there is one that it does
// not understand.
func (s *Server) serve(c net.Conn) {
	r := bufio.NewReaderSize(c, 4<<10)
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		_, rest, _ := bytes.Cut(line, []byte(" "))
		target, _, ok := bytes.Cut(rest, []byte(" HTTP/1.1\r\n"))
		if !ok {
			return
		}
		reply := s.route(target)
		if reply == nil {
			reply = notFound
		}
		length, ok := headers(r)
		if !ok {
			return
		}
		if _, err := r.Discard(length); err != nil {
			return
		}
		if reply.Delay > 0 {
			time.Sleep(reply.Delay)
		}
		if _, err := c.Write(reply.head); err != nil {
			return
		}
		for left := reply.stream; left > 0; {
			n, err := c.Write(s.zeros[:min(left, int64(len(s.zeros)))])
			if left -= int64(n); err != nil {
				return
			}
		}
	}
}

// headers reads the header of a request and returns the length of the body. It
// returns false for a request that net/http does not send to this server: one
// whose body has an unknown length, or the last one of a connection.
func headers(r *bufio.Reader) (length int, ok bool) {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, false
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return length, true
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 {
				return 0, false
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")), bytes.EqualFold(name, []byte("Connection")):
			return 0, false
		}
	}
}
