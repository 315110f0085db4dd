package page

import (
	"crypto/sha256"
	_ "embed" // for the words
	"encoding/hex"
	"io/fs"
)

// words is the source that makes every word of the page.
//
//go:embed view.go
var words string

// Sum is a checksum of all that makes the page look as it does, in hexadecimal. A picture of
// the page is kept with it.
func Sum() string {
	sum := sha256.New()
	_ = fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := files.ReadFile(path)
		_, _ = sum.Write(text)
		return err
	})
	_, _ = sum.Write([]byte(words))
	return hex.EncodeToString(sum.Sum(nil))
}
