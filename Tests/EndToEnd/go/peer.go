// A peer of the logs and witnesses in Go, made of golang.org/x/mod/sumdb's note and tlog packages.
//
//	peer open VKEY                     reads a note, prints its text and who signed it
//	peer verify VKEY FOLDER            checks a folder's checkpoint, tiles and entries against each other
//	peer sign SKEY ORIGIN FOLDER       signs the head of a log of lines and writes its folder of tiles
//	peer generate NAME                 prints a key to sign with, and one to verify with
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func open(vkey string, data []byte) *note.Note {
	verifier := must(note.NewVerifier(vkey))
	return must(note.Open(data, note.VerifierList(verifier)))
}

// tree reads a checkpoint's text (C2SP tlog-checkpoint).
func tree(text string) tlog.Tree {
	lines := strings.Split(text, "\n")
	size := must(strconv.ParseInt(lines[1], 10, 64))
	return tlog.Tree{N: size, Hash: must(tlog.ParseHash(lines[2]))}
}

// folder is where tiles lie as C2SP tlog-tiles names them: tlog's paths without the height.
type folder string

func (f folder) path(tile tlog.Tile) string {
	rest := strings.TrimPrefix(tile.Path(), "tile/8/")
	return filepath.Join(string(f), "tile", strings.Replace(rest, "data/", "entries/", 1))
}

func (f folder) Height() int { return 8 }

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(f.path(tile))
		if err != nil {
			return nil, err
		}
		read = append(read, data)
	}
	return read, nil
}

// verify holds every entry against the tree: each leaf's hash is what the authenticated tiles have in its place.
func verify(vkey string, f folder) {
	head := tree(open(vkey, must(os.ReadFile(filepath.Join(string(f), "checkpoint")))).Text)
	reader := tlog.TileHashReader(head, f)
	for start := int64(0); start < head.N; start += 256 {
		width := head.N - start
		if width > 256 {
			width = 256
		}
		bundle := must(os.ReadFile(f.path(tlog.Tile{H: 8, L: -1, N: start / 256, W: int(width)})))
		for index := start; index < start+width; index++ {
			size := int(binary.BigEndian.Uint16(bundle))
			want := must(reader.ReadHashes([]int64{tlog.StoredHashIndex(0, index)}))[0]
			if tlog.RecordHash(bundle[2:2+size]) != want {
				log.Fatalf("entry %d is not the tree's", index)
			}
			bundle = bundle[2+size:]
		}
		if len(bundle) != 0 {
			log.Fatalf("%d bytes after entry %d", len(bundle), start+width-1)
		}
	}
	fmt.Println(head.N)
}

type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var read []tlog.Hash
	for _, index := range indexes {
		read = append(read, s[index])
	}
	return read, nil
}

func sign(skey, origin string, f folder) {
	var hashes stored
	lines := bytes.Split(bytes.TrimSuffix(must(io.ReadAll(os.Stdin)), []byte("\n")), []byte("\n"))
	var entries []byte
	for index, line := range lines {
		hashes = append(hashes, must(tlog.StoredHashes(int64(index), line, hashes))...)
		entries = append(binary.BigEndian.AppendUint16(entries, uint16(len(line))), line...)
	}
	size := int64(len(lines))
	root := must(tlog.TreeHash(size, hashes))
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root[:]))
	signed := must(note.Sign(&note.Note{Text: text}, must(note.NewSigner(skey))))
	write := func(path string, data []byte) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			log.Fatal(err)
		}
	}
	write(filepath.Join(string(f), "checkpoint"), signed)
	for _, tile := range tlog.NewTiles(8, 0, size) {
		write(f.path(tile), must(tlog.ReadTileData(tile, hashes)))
	}
	write(f.path(tlog.Tile{H: 8, L: -1, N: 0, W: int(size)}), entries)
}

func main() {
	log.SetFlags(0)
	switch arguments := os.Args[2:]; os.Args[1] {
	case "open":
		opened := open(arguments[0], must(io.ReadAll(os.Stdin)))
		fmt.Print(opened.Text)
		for _, signature := range opened.Sigs {
			fmt.Println(signature.Name)
		}
	case "verify":
		verify(arguments[0], folder(arguments[1]))
	case "sign":
		sign(arguments[0], arguments[1], folder(arguments[2]))
	case "generate":
		skey, vkey, err := note.GenerateKey(nil, arguments[0])
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n%s\n", skey, vkey)
	}
}
