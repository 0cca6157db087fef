// Command s3 answers the S3 protocol out of a folder, for the tests: versitygw's gateway, its objects in files, their
// metadata in files beside them, since not every file system has extended attributes.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9000", "address to listen on")
	folder := flag.String("folder", "data", "folder of the buckets; it must exist")
	access := flag.String("access", "test", "the one user's access key")
	secret := flag.String("secret", "secret", "the one user's secret key")
	bucket := flag.String("bucket", "test", "a bucket that there is from the start")
	flag.Parse()

	root, err := filepath.Abs(*folder)
	if err != nil {
		log.Fatal(err)
	}
	objects, about := filepath.Join(root, "objects"), filepath.Join(root, "about")
	for _, made := range []string{filepath.Join(objects, *bucket), about} {
		if err := os.MkdirAll(made, 0o700); err != nil {
			log.Fatal(err)
		}
	}
	metadata, err := meta.NewSideCar(about)
	if err != nil {
		log.Fatal(err)
	}
	backend, err := posix.New(objects, metadata, posix.PosixOpts{SideCarDir: about})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err = embedgw.RunVersityGW(ctx, backend, &embedgw.Config{
		RootUserAccess:    *access,
		RootUserSecret:    *secret,
		Ports:             []string{*listen},
		MaxConnections:    256,
		MaxRequests:       256,
		MultipartMaxParts: 10_000,
		HealthPath:        "/health",
		Quiet:             true,
	})
	if err != nil {
		log.Fatal(err)
	}
}
