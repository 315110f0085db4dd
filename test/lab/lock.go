package lab

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// sharedDir is a directory that the processes of all packages' tests share: the go tool
// runs several at the same time.
func sharedDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "holdfast-lab")
	return dir, os.MkdirAll(dir, 0o700)
}

// lock waits for one of so many locks of a name, of which each is one process's at a time,
// and returns its number. The system unlocks what a process leaves when it ends.
func lock(name string, many int) (number int, unlock func(), err error) {
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		if number, unlock, err = tryLock(name, many); unlock != nil || err != nil {
			return number, unlock, err
		}
		<-poll.C
	}
}

// tryLock is lock without waiting. Without a free one there is no unlock.
func tryLock(name string, many int) (number int, unlock func(), err error) {
	dir, err := sharedDir()
	if err != nil {
		return 0, nil, err
	}
	for _, number := range rand.Perm(many) {
		file, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("%s.%d.lock", name, number)), os.O_CREATE|os.O_RDWR, 0o600) // #nosec G304 -- our own
		if err != nil {
			return 0, nil, err
		}
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return number, func() {
				_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) // a process that is just being started has a copy
				_ = file.Close()
			}, nil
		}
		_ = file.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return 0, nil, err
		}
	}
	return 0, nil, nil
}
