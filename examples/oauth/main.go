// Oauth lets users of a website connect their accounts. It serves both ends of the
// consent: the page from which the browser leaves for it, and the page to which the
// browser returns.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// A site is the website. A real one knows its users from a login; here, all of them
// are of the workspace customer-7.
type site struct {
	ws  *client.Workspace
	url string

	mu      sync.Mutex
	pending map[string]time.Time // until when the browser with a cookie may return
}

const cookieName = "consent"

// connect sends the browser to the consent.
func (s *site) connect(w http.ResponseWriter, r *http.Request) {
	consentURL, err := s.ws.StartOAuth(r.Context(), client.OAuthRequest{
		ConnectorType: "Zendesk Support",
		RedirectURL:   s.url + "/connected",
	})
	if err != nil {
		fail(w, err)
		return
	}
	// The cookie shows that the browser which returns is the one that left. Otherwise a
	// link to /connected would give a user the account of somebody else.
	token := rand.Text()
	s.mu.Lock()
	maps.DeleteFunc(s.pending, func(_ string, until time.Time) bool { return time.Now().After(until) })
	s.pending[token] = time.Now().Add(10 * time.Minute)
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: token, Path: "/connected", MaxAge: 600, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, // the browser returns from another site
		Secure:   r.TLS != nil,         // always, on a real site
	})
	http.Redirect(w, r, consentURL, http.StatusFound)
}

// connected is where the browser returns.
func (s *site) connected(w http.ResponseWriter, r *http.Request) {
	if !s.left(r) {
		http.Error(w, "This browser was not sent to the consent", http.StatusForbidden)
		return
	}
	id, err := client.ConsentResult(r.URL.Query())
	if err != nil {
		fail(w, err)
		return
	}
	// The query comes from the browser: use the ID only if the user's workspace has it.
	connector, err := s.ws.Connector(r.Context(), id)
	if err != nil {
		fail(w, err)
		return
	}
	if _, err := connector.Execute(r.Context(), "tickets", "list", client.Params{"per_page": 1}); err != nil {
		fail(w, err)
		return
	}
	_, _ = fmt.Fprintln(w, "Your account is connected")
}

// left reports whether the browser was sent to the consent, once for each time that it
// was.
func (s *site) left(r *http.Request) bool {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	until := s.pending[cookie.Value]
	delete(s.pending, cookie.Value)
	return time.Now().Before(until)
}

// fail tells the user what went wrong. Only a refusal is something that the user knows
// about; the rest goes to the log.
func fail(w http.ResponseWriter, err error) {
	var e *client.Error
	if errors.Is(err, client.ErrNoConsent) && errors.As(err, &e) {
		_, _ = fmt.Fprintln(w, "Nothing was connected:", e.Message)
		return
	}
	log.Print(err)
	http.Error(w, "That did not work", client.HTTPStatus(err))
}

func run(ctx context.Context) error {
	// The in-memory service stands for Airbyte and for the vendor, whose page asks the
	// user. With an account, leave this out.
	var refuse atomic.Bool
	fake := agentstest.NewServer(agentstest.WithWorkspace("customer-7"), agentstest.WithConsent(func(string, string) error {
		if refuse.Load() {
			return errors.New("the user pressed Cancel")
		}
		return nil
	}))
	defer fake.Close()
	ws, err := client.NewWorkspace(client.WithWorkspaceName("customer-7"),
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID))
	if err != nil {
		return err
	}

	s := &site{ws: ws, pending: map[string]time.Time{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /connect", s.connect)
	mux.HandleFunc("GET /connected", s.connected)
	server := httptest.NewServer(mux)
	defer server.Close()
	s.url = server.URL

	// A user with a browser.
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	browser := &http.Client{Jar: jar}
	for _, visit := range []struct {
		what, path string
		refuse     bool
	}{
		{"consents", "/connect", false},
		{"refuses", "/connect", true},
		{"follows a link to /connected", "/connected?connector_id=11111111-0000-4000-8000-000000000009", false},
	} {
		refuse.Store(visit.refuse)
		text, err := open(ctx, browser, s.url+visit.path)
		if err != nil {
			return err
		}
		fmt.Printf("the user %s: %s", visit.what, text)
	}
	connectors, err := ws.ListConnectors(ctx)
	if err != nil {
		return err
	}
	for _, c := range connectors {
		fmt.Println("the workspace has", c.Slug)
	}
	return nil
}

// open returns the page to which a URL leads, through all redirects.
func open(ctx context.Context, browser *http.Client, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := browser.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}
