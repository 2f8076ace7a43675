// current makes SDKs and programs for Node.js, Python and Go with the generators of a current Pulumi, without the CLI.
//
//	current sdks SCHEMA DIRECTORY        writes DIRECTORY/{nodejs,python,go}
//	current examples SCHEMA DIRECTORY    writes, beside every NAME.pp, the program as NAME.{ts,py,go}
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/pulumi-portable/pulumi-portable/scripts/sdk-gen/shared"
	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/hcl2/syntax"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/pcl"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// The name that generated files say they were made by.
const tool = "scripts/sdk-gen"

var generators = map[string]shared.Generate{
	"nodejs": func(pkg *schema.Package) (map[string][]byte, error) {
		return nodejs.GeneratePackage(tool, pkg, nil, nil, false, nil)
	},
	"python": func(pkg *schema.Package) (map[string][]byte, error) {
		return python.GeneratePackage(tool, pkg, nil, nil)
	},
	"go": func(pkg *schema.Package) (map[string][]byte, error) {
		return gogen.GeneratePackage(tool, pkg, nil)
	},
}

// By the ending of the file that the program is written to.
var languages = map[string]shared.Program{
	"ts": nodejs.GenerateProgram,
	"py": python.GenerateProgram,
	"go": mendedGo,
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sdk-gen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "sdks":
		return shared.WriteSDKs(args[1], args[2], generators)
	case len(args) == 3 && args[0] == "examples":
		return writeExamples(args[1], args[2])
	default:
		return errors.New("usage: current sdks|examples SCHEMA DIRECTORY")
	}
}

func writeExamples(schemaFile, directory string) error {
	pkg, err := shared.Bind(schemaFile)
	if err != nil {
		return err
	}
	bind := func(files []*syntax.File) (*pcl.Program, hcl.Diagnostics, error) {
		return pcl.BindProgram(files, shared.Loader{Package: pkg})
	}
	return filepath.WalkDir(directory, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".pp" {
			return err
		}
		return shared.WritePrograms(file, bind, languages)
	})
}
