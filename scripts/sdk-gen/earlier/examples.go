package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/pulumi-portable/pulumi-portable/scripts/sdk-gen/shared"
	"github.com/pulumi/pulumi-yaml/pkg/pulumiyaml"
	yamlgen "github.com/pulumi/pulumi-yaml/pkg/pulumiyaml/codegen"
	"github.com/pulumi/pulumi/pkg/v3/codegen/dotnet"
	"github.com/pulumi/pulumi/pkg/v3/codegen/hcl2/syntax"
	"github.com/pulumi/pulumi/pkg/v3/codegen/pcl"
)

// mendedDotnet repairs faults of Pulumi's generator for C#: the alias of the package's namespace, of which it writes none or
// two where the namespace isn't one of Pulumi's, the names of the types of a function's arguments, and maps within maps.
func mendedDotnet(program *pcl.Program) (map[string][]byte, hcl.Diagnostics, error) {
	files, problems, err := dotnet.GenerateProgram(program)
	for name, content := range files {
		alias := []byte("using Portable = PulumiPortable.Portable;\n")
		content = bytes.Replace(content, []byte("using Portable = Pulumi.Portable;\n"), nil, 1)
		content = bytes.Replace(content, alias, nil, 1)
		content = bytes.Replace(content, []byte("using Pulumi;\n"), append([]byte("using Pulumi;\n"), alias...), 1)
		// The SDK has one class for the arguments of resources and functions.
		content = inputArgs.ReplaceAll(content, []byte("${1}Args"))
		files[name] = withTypedMaps(content)
	}
	return files, problems, err
}

var inputArgs = regexp.MustCompile(`(\bPortable\.Inputs\.\w+?)InputArgs\b`)

var entryOfMap = regexp.MustCompile(`^( *)\{ "[^"]*", $`)

// withTypedMaps names the type of a map that is a value in another one: the generator writes `{ "Service", { ... } }`, but
// C# takes a brace without a type for a property alone.
func withTypedMaps(content []byte) []byte {
	lines := strings.Split(string(content), "\n")
	end, hasMaps := "", false
	for index, line := range lines {
		if entry := entryOfMap.FindStringSubmatch(line); entry != nil && lines[index+1] == entry[1]+"{" {
			lines[index] = line + "new Dictionary<string, object>"
			end, hasMaps = entry[1]+"} },", true
		} else if hasMaps && line == end {
			lines[index] = strings.Replace(line, "} }", "}.ToImmutableDictionary() }", 1)
		}
	}
	text := strings.Join(lines, "\n")
	if hasMaps {
		generic := "using System.Collections.Generic;\n"
		text = strings.Replace(text, generic, generic+"using System.Collections.Immutable;\n", 1)
	}
	return []byte(text)
}

func writeExamples(schemaFile, directory string, withJava bool) error {
	pkg, err := shared.Bind(schemaFile)
	if err != nil {
		return err
	}
	// By the ending of the file that the program is written to.
	languages := map[string]shared.Program{"cs": mendedDotnet}
	if withJava {
		languages["java"] = javaGenerator(pkg)
	}
	loader := shared.Loader{Package: pkg}
	bind := func(files []*syntax.File) (*pcl.Program, hcl.Diagnostics, error) {
		return pcl.BindProgram(files, pcl.Loader(loader))
	}
	return filepath.WalkDir(directory, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".yaml" {
			return err
		}
		converted, err := convert(file, loader)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		return shared.WritePrograms(converted, bind, languages)
	})
}

// convert writes a YAML program in Pulumi's intermediate language, and answers the path of the file.
func convert(file string, loader shared.Loader) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	template, diagnostics, err := pulumiyaml.LoadYAMLBytes(filepath.Base(file), text)
	if err != nil {
		return "", err
	}
	if diagnostics.HasErrors() {
		return "", diagnostics
	}
	converted, problems, err := yamlgen.ConvertTemplateIL(template, loader)
	if err == nil && problems.HasErrors() {
		err = problems
	}
	if err != nil {
		return "", err
	}
	target := strings.TrimSuffix(file, "yaml") + "pp"
	return target, os.WriteFile(target, []byte(converted), 0o644)
}
