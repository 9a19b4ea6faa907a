// Package lean is an HTTP server for benchmarks. It answers with bytes that were
// put together before and allocates next to nothing for a request, so that what
// a benchmark measures in the same process is the client.
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

// A Reply is the answer to a request.
type Reply struct {
	Delay time.Duration // before the answer begins

	head   []byte
	stream int64 // bytes of zeros after head
}

// JSON is a reply of status 200 with body.
func JSON(body string) *Reply {
	return &Reply{head: fmt.Appendf(nil,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)}
}

// File is a reply with a file of size bytes.
func File(size int64) *Reply {
	return &Reply{stream: size, head: fmt.Appendf(nil,
		"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"file.bin\"\r\nContent-Length: %d\r\n\r\n", size)}
}

// A Server listens on a loopback address. It understands requests as net/http
// sends them, on connections that are kept.
type Server struct {
	URL string

	route    func(target []byte) *Reply
	listener net.Listener
	zeros    []byte
	wg       sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}

	accepted, open, peak atomic.Int64
}

// Start serves until Close. route chooses the answer by the target of the
// request, a path with its query, which it must not keep; nil is a 404.
func Start(route func(target []byte) *Reply) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it takes no time
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

// Close ends all connections.
func (s *Server) Close() {
	_ = s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// Accepted is how many connections there were.
func (s *Server) Accepted() int { return int(s.accepted.Load()) }

// Open is how many connections there are, each of which has a goroutine.
func (s *Server) Open() int { return int(s.open.Load()) }

// Peak is the largest number of connections at a time.
func (s *Server) Peak() int { return int(s.peak.Load()) }

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.accepted.Add(1)
		if n := s.open.Add(1); n > s.peak.Load() {
			s.peak.Store(n) // this loop alone raises it
		}
		s.mu.Lock()
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

// serve answers the requests of one connection until one is not understood.
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

// headers reads the header of a request. It returns the length of the body, and
// false for a request that net/http does not send here: with a body of unknown
// length, or as the last one of its connection.
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
