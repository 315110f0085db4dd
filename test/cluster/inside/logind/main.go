// logind stands for systemd-logind on a node, as far as a kubelet asks it: it lets the
// kubelet delay a shutdown. SIGUSR1 begins one. When the kubelet delays it no longer,
// /run/shutdown-ready is there, and a machine would go down.
package main

import (
	"io"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"
)

const (
	service = "org.freedesktop.login1"
	object  = dbus.ObjectPath("/org/freedesktop/login1")
	manager = service + ".Manager"
	done    = "/run/shutdown-ready"
)

// login has the pipes of those who delay a shutdown: who holds one delays it until it is
// closed. Ours have copies of their ends, since nothing tells when a reply has been sent.
type login struct {
	mu    sync.Mutex
	ours  []*os.File
	delay sync.WaitGroup
}

func (l *login) Inhibit(what, who, _, mode string) (dbus.UnixFD, *dbus.Error) {
	if what != "shutdown" || mode != "delay" {
		return 0, dbus.NewError("org.freedesktop.DBus.Error.NotSupported", []any{what + " " + mode})
	}
	read, write, err := os.Pipe()
	if err != nil {
		return 0, dbus.MakeFailedError(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ours = append(l.ours, write)
	l.delay.Go(func() {
		_, _ = io.Copy(io.Discard, read)
		read.Close()
	})
	log.Printf("%s delays a shutdown", who)
	return dbus.UnixFD(write.Fd()), nil
}

// shutdown waits until nobody delays it.
func (l *login) shutdown(emit func() error) error {
	if err := os.RemoveAll(done); err != nil {
		return err
	}
	l.mu.Lock()
	for _, f := range l.ours {
		f.Close()
	}
	l.ours = nil
	l.mu.Unlock()
	if err := emit(); err != nil {
		return err
	}
	l.delay.Wait()
	return os.WriteFile(done, nil, 0o644)
}

func main() {
	conn, err := dbus.ConnectSystemBus()
	if err != nil {
		log.Fatal(err)
	}
	l := new(login)
	if err := conn.Export(l, object, manager); err != nil {
		log.Fatal(err)
	}
	// As long as any kubelet may ask for, so that it need not have logind's configuration changed.
	const longest = uint64(3600e6)
	if _, err := prop.Export(conn, object, prop.Map{manager: {"InhibitDelayMaxUSec": {Value: longest}}}); err != nil {
		log.Fatal(err)
	}
	if _, err := conn.RequestName(service, dbus.NameFlagDoNotQueue); err != nil {
		log.Fatal(err)
	}
	shutdown := make(chan os.Signal, 1)
	signal.Notify(shutdown, syscall.SIGUSR1)
	for range shutdown {
		err := l.shutdown(func() error { return conn.Emit(object, manager+".PrepareForShutdown", true) })
		if err != nil {
			log.Fatal(err)
		}
	}
}
