// Oracle: judges our notes, proofs and tiles with golang.org/x/mod/sumdb and crypto/mldsa. One question a line, one answer a line.
package main

import (
	"bufio"
	"crypto/mldsa"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"oracle/note"
	"oracle/tlog"
)

type question struct {
	Ask     string
	Note    string
	Vkey    string
	Text    string
	Index   int64
	Old     int64
	Size    int64
	OldRoot tlog.Hash
	Root    tlog.Hash
	Leaf    tlog.Hash
	Proof   []tlog.Hash
	Tiles   map[string][]byte
	Public  []byte
	Message []byte
	Signed  []byte
}

func openNote(q question) error {
	verifier, err := note.NewVerifier(q.Vkey)
	if err != nil {
		return err
	}
	opened, err := note.Open([]byte(q.Note), note.VerifierList(verifier))
	if err == nil && opened.Text != q.Text {
		return errors.New("another text")
	}
	return err
}

// files serves tiles by the paths of C2SP tlog-tiles, which Go writes with the height before the level.
type files map[string][]byte

func (f files) Height() int { return 8 }

func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		path := "tile/" + tile.Path()[len("tile/8/"):]
		content, ok := f[path]
		if !ok {
			return nil, fmt.Errorf("%s is not there", path)
		}
		found = append(found, content)
	}
	return found, nil
}

func (f files) SaveTiles([]tlog.Tile, [][]byte) {}

// readTiles asks the tiles for every leaf, the root and a proof, which Go checks against the signed root as it reads.
func readTiles(q question) error {
	reader := tlog.TileHashReader(tlog.Tree{N: q.Size, Hash: q.Root}, files(q.Tiles))
	root, err := tlog.TreeHash(q.Size, reader)
	if err != nil || root != q.Root {
		return errors.Join(err, fmt.Errorf("the root is %v", root))
	}
	for index, leaf := range q.Proof {
		found, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))})
		if err != nil || found[0] != leaf {
			return errors.Join(err, fmt.Errorf("leaf %d differs", index))
		}
	}
	if q.Old == 0 {
		return nil
	}
	proof, err := tlog.ProveTree(q.Size, q.Old, reader)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, q.Size, q.Root, q.Old, q.OldRoot)
}

func verify(q question) error {
	public, err := mldsa.NewPublicKey(mldsa.MLDSA44(), q.Public)
	if err != nil {
		return err
	}
	return mldsa.Verify(public, q.Message, q.Signed, nil)
}

func answer(q question) error {
	switch q.Ask {
	case "note":
		return openNote(q)
	case "record":
		return tlog.CheckRecord(q.Proof, q.Size, q.Root, q.Index, q.Leaf)
	case "tree":
		return tlog.CheckTree(q.Proof, q.Size, q.Root, q.Old, q.OldRoot)
	case "tiles":
		return readTiles(q)
	case "mldsa":
		return verify(q)
	}
	return errors.New("no such question")
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	decoder := json.NewDecoder(lines)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for decoder.More() {
		var q question
		if err := decoder.Decode(&q); err != nil {
			fmt.Fprintf(out, "no: %q\n", err)
			return
		}
		if err := answer(q); err != nil {
			fmt.Fprintf(out, "no: %q\n", err.Error())
		} else {
			fmt.Fprintln(out, "yes")
		}
	}
}
