// Command oidc-provider is an OpenID provider for the tests: zitadel's certified library behind a page with a user's
// name and password, its users from a file, all else in memory.
package main

import (
	"flag"
	"log"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9998", "address to listen on; the issuer is http://<address>/")
	users := flag.String("users", "users.json", "the users, by id")
	client := flag.String("client", "web", "the one client's id")
	secret := flag.String("secret", "secret", "the one client's secret")
	redirects := flag.String("redirects", "", "where the client may have browsers sent, with commas between")
	flag.Parse()

	store, err := storage.StoreFromFile(*users)
	if err != nil {
		log.Fatal(err)
	}
	storage.RegisterClients(storage.WebClient(*client, *secret, strings.Split(*redirects, ",")...))
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	handler := exampleop.SetupServer("http://"+*listen+"/", storage.NewStorage(store), logger, false)
	log.Fatal(http.ListenAndServe(*listen, handler))
}
