package main

import (
	"go/format"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/pcl"
)

// mendedGo repairs faults of Pulumi's generator for Go. It writes pulumi.Any, a function, as if it were a type: for a
// list where anything is taken, and for an object that is one of several types. And it writes an optional object of a
// function's arguments as a value, where the SDK takes a pointer.
func mendedGo(program *pcl.Program) (map[string][]byte, hcl.Diagnostics, error) {
	files, problems, err := gogen.GenerateProgram(program)
	for name, content := range files {
		content = listOfAny.ReplaceAll(content, []byte("pulumi.Any([]any{\n$1})"))
		content = objectOfUnion.ReplaceAll(content, []byte("&portable.ImageUnitArgs{\nName:"))
		content = optionalObject.ReplaceAll(content, []byte("Connection: &portable.Connection{"))
		if files[name], err = format.Source(content); err != nil {
			return nil, problems, err
		}
	}
	return files, problems, err
}

var (
	listOfAny      = regexp.MustCompile(`pulumi\.Any\{\n((?:\s*(?:"[^"\n]*"|[\w.]+),\n)+)\s*\}`)
	optionalObject = regexp.MustCompile(`Connection: portable\.Connection\{`)
	objectOfUnion  = regexp.MustCompile(`pulumi\.Any\{\s*Name:`)
)
