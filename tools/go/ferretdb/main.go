// Command ferretdb answers MongoDB's wire protocol out of SQLite files, for
// machines that have neither mongod nor containers.
package main

import (
	"context"
	"flag"
	"log"
	"log/slog"
	"os/signal"
	"slices"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// lazy keeps attributes for messages that are logged. The handlers of the standard library write them out at once, and
// FerretDB gives every statement's values to messages that nobody wants: an eighth of its CPU.
type lazy struct {
	slog.Handler
	attrs []slog.Attr
}

func (l lazy) WithAttrs(attrs []slog.Attr) slog.Handler {
	return lazy{l.Handler, append(slices.Clip(l.attrs), attrs...)}
}

func (l lazy) WithGroup(name string) slog.Handler {
	return lazy{l.Handler.WithAttrs(l.attrs).WithGroup(name), nil}
}

func (l lazy) Handle(ctx context.Context, record slog.Record) error {
	record.AddAttrs(l.attrs...)
	return l.Handler.Handle(ctx, record)
}

func main() {
	listen := flag.String("listen", "127.0.0.1:27017", "address to listen on")
	folder := flag.String("sqlite", "data", "folder of the SQLite files; it must exist")
	flag.Parse()

	// The embedded package reports to nobody: it turns telemetry off by itself.
	db, err := ferretdb.New(&ferretdb.Config{
		Logger:    slog.New(lazy{Handler: slog.Default().Handler()}),
		Listener:  ferretdb.ListenerConfig{TCP: *listen},
		Handler:   "sqlite",
		SQLiteURL: "file:" + *folder + "/",
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := db.Run(ctx); err != nil {
		log.Fatal(err)
	}
}
