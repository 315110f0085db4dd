package suite

import "testing"

func TestEveryServerBlockGetsTheLineOnce(t *testing.T) {
	for name, test := range map[string]struct{ corefile, want string }{
		"two blocks": {
			"a.:0 {\n\twhoami\n}\nb.:0 c.:0 {\n}\n",
			"a.:0 {\nLINE\n\twhoami\n}\nb.:0 c.:0 {\nLINE\n}\n",
		},
		"keys on several lines": {
			"a.,\nb. {\n\twhoami\n}",
			"a.,\nb. {\nLINE\n\twhoami\n}",
		},
		"blocks within a block": {
			". {\n\tcache {\n\t\tsuccess 1\n\t}\n\tview a {\n\t\texpr true\n\t}\n}\nb. {\n}",
			". {\nLINE\n\tcache {\n\t\tsuccess 1\n\t}\n\tview a {\n\t\texpr true\n\t}\n}\nb. {\nLINE\n}",
		},
		"braces that are no block's": {
			"a. { # {\n\ttemplate IN A {\n\t\tanswer \"{{ .Name }}\n} 1 IN A {\"\n\t}\n}\n# c. {\nb. {\n}",
			"a. { # {\nLINE\n\ttemplate IN A {\n\t\tanswer \"{{ .Name }}\n} 1 IN A {\"\n\t}\n}\n# c. {\nb. {\nLINE\n}",
		},
		"a snippet": {
			"(s) {\n\tcache {\n\t}\n}\na. {\n\timport s\n}",
			"(s) {\n\tcache {\n\t}\n}\na. {\nLINE\n\timport s\n}",
		},
		"no braces": {
			"a.,\nb. c.\nacl {\n\tblock\n}\nwhoami",
			"a.,\nb. c.\nLINE\nacl {\n\tblock\n}\nwhoami",
		},
		"nothing": {"", ""},
	} {
		if got := Insert(test.corefile, "LINE"); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, test.want)
		}
	}
}
