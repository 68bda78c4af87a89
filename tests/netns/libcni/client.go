// SPDX-License-Identifier: Apache-2.0

// A minimal CNI client of a container runtime: libcni with a separate cache, as containerd and cri-o use it.
//
// usage: CNI_PATH=DIR[:DIR...] client COMMAND CONFLIST CACHEDIR CONTAINERID NETNS [ANNOTATION=VALUE...]
// COMMAND: add, check, del, validate, cached. Prints the result, if any; exits 1 with the error on stderr.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/types"
)

const firstAnnotation = 6

func runtimeConf(args []string) *libcni.RuntimeConf {
	conf := &libcni.RuntimeConf{
		ContainerID: args[4],
		NetNS:       args[5],
		IfName:      "eth0",
		Args: [][2]string{
			{"IgnoreUnknown", "1"}, {"K8S_POD_NAMESPACE", "default"}, {"K8S_POD_NAME", args[4]},
		},
	}
	annotations := map[string]string{}
	for _, arg := range args[firstAnnotation:] {
		key, value, _ := strings.Cut(arg, "=")
		annotations[key] = value
	}
	if len(annotations) > 0 {
		conf.CapabilityArgs = map[string]interface{}{"io.kubernetes.cri.pod-annotations": annotations}
	}
	return conf
}

func run(args []string) (interface{}, error) {
	list, err := libcni.ConfListFromFile(args[2])
	if err != nil {
		return nil, err
	}
	client := libcni.NewCNIConfigWithCacheDir(filepath.SplitList(os.Getenv("CNI_PATH")), args[3], nil)
	conf := runtimeConf(args)
	ctx := context.Background()
	var result types.Result
	switch args[1] {
	case "add":
		result, err = client.AddNetworkList(ctx, list, conf)
	case "cached":
		result, err = client.GetNetworkListCachedResult(list, conf)
	case "check":
		return nil, client.CheckNetworkList(ctx, list, conf)
	case "del":
		return nil, client.DelNetworkList(ctx, list, conf)
	case "validate":
		return client.ValidateNetworkList(ctx, list)
	default:
		return nil, fmt.Errorf("no command %q", args[1])
	}
	return result, err
}

func main() {
	if len(os.Args) < firstAnnotation {
		fmt.Fprintln(os.Stderr, "usage: client COMMAND CONFLIST CACHEDIR CONTAINERID NETNS [ANNOTATION=VALUE...]")
		os.Exit(2)
	}
	output, err := run(os.Args)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(output); err != nil {
		os.Exit(1)
	}
}
