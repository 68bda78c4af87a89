// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/schema.h"

#include <array>

#include "policy/documents/decode_cluster_policy.h"
#include "policy/model/kubernetes_tiers.h"
#include "policy/model/resources.h"

namespace namegate::policy {
namespace {

using std::string_view;

constexpr string_view kCore = "v1";

constexpr std::array<string_view, 4> kActions = {"Allow", "Deny", "Log", "Pass"};
constexpr std::array<string_view, 2> kTypes = {"Ingress", "Egress"};
constexpr std::array<string_view, 2> kTierActions = {"Deny", "Pass"};
constexpr std::array<string_view, 4> kStagedActions = {"Set", "Delete", "Learn", "Ignore"};

constexpr FieldSpec text(string_view name, string_view help) { return {.name = name, .help = help}; }
constexpr FieldSpec required_text(string_view name, string_view help) { return {.name = name, .required = true, .help = help}; }
constexpr FieldSpec word(string_view name, std::span<const string_view> allowed, string_view help) {
    return {.name = name, .allowed = allowed, .help = help};
}
constexpr FieldSpec plain(string_view name, Shape shape, string_view help) { return {.name = name, .shape = shape, .help = help}; }
constexpr FieldSpec list(string_view name, Shape shape, std::size_t max, string_view help) {
    return {.name = name, .shape = shape, .list = true, .max_items = max, .help = help};
}
constexpr FieldSpec annotations(std::span<const FieldSpec> known) {
    return {.name = "annotations", .shape = Shape::kTextMap, .keys = known, .help = "free text, except those of namegate"};
}
constexpr FieldSpec object(string_view name, const ObjectSpec& spec, string_view help) {
    return {.name = name, .shape = Shape::kObject, .object = &spec, .help = help};
}
constexpr FieldSpec objects(string_view name, const ObjectSpec& spec, std::size_t max, string_view help) {
    return {.name = name, .shape = Shape::kObject, .list = true, .max_items = max, .object = &spec, .help = help};
}

constexpr FieldSpec kTlsKey = word(kTlsAnnotation, kTlsNamesWords, "the TLS names that connections have to show");
constexpr FieldSpec kQuicKey = word(kQuicAnnotation, kQuicWords, "UDP to port 443 where connections have to show TLS names");
constexpr std::array kRuleKeys = {kTlsKey, kQuicKey};
constexpr std::array kPolicyKeys = {word(kDnsAnnotation, kDnsQueriesWords, "the DNS queries that reach the network"), kTlsKey, kQuicKey};

// Fields that a cluster writes into exported documents are accepted and not checked.
constexpr std::array<FieldSpec, 15> metadata(const FieldSpec& of_annotations) {
    return {required_text("name", "name of the resource"),
            text("namespace", "namespace of the resource"),
            plain("labels", Shape::kTextMap, "labels that selectors match"),
            of_annotations,
            plain("uid", Shape::kAny, "written by a cluster"),
            plain("generateName", Shape::kAny, "written by a cluster"),
            plain("resourceVersion", Shape::kAny, "written by a cluster"),
            plain("generation", Shape::kAny, "written by a cluster"),
            plain("creationTimestamp", Shape::kAny, "written by a cluster"),
            plain("deletionTimestamp", Shape::kAny, "written by a cluster"),
            plain("deletionGracePeriodSeconds", Shape::kAny, "written by a cluster"),
            plain("managedFields", Shape::kAny, "written by a cluster"),
            plain("ownerReferences", Shape::kAny, "written by a cluster"),
            plain("finalizers", Shape::kAny, "written by a cluster"),
            plain("selfLink", Shape::kAny, "written by a cluster")};
}
constexpr std::array kMetadataFields = metadata(plain("annotations", Shape::kTextMap, "free text"));
constexpr ObjectSpec kMetadata = {"metadata", kMetadataFields};
constexpr std::array kPolicyMetadataFields = metadata(annotations(kPolicyKeys));
constexpr ObjectSpec kPolicyMetadata = {"policy metadata", kPolicyMetadataFields};

constexpr std::array kServiceFields = {text("name", "name of the service"), text("namespace", "namespace of the service")};
constexpr ObjectSpec kService = {"a service match", kServiceFields};

constexpr std::array kServiceAccountFields = {list("names", Shape::kText, kMaxPortsPerRule, "names of service accounts"),
                                              text("selector", "selector over the service account's labels")};
constexpr ObjectSpec kServiceAccounts = {"a service account match", kServiceAccountFields};

constexpr std::array kEntityFields = {
    list("nets", Shape::kText, kMaxNetsPerRule, "addresses and CIDRs"),
    list("notNets", Shape::kText, kMaxNetsPerRule, "addresses and CIDRs that are excluded"),
    text("selector", "selector over the labels of sets and endpoints"),
    text("notSelector", "selector of sets and endpoints that are excluded"),
    text("namespaceSelector", "selector over the labels of namespaces, or global()"),
    object("services", kService, "a service"),
    list("ports", Shape::kTextOrInteger, kMaxPortsPerRule, "numbers, ranges \"1000:2000\", names"),
    list("notPorts", Shape::kTextOrInteger, kMaxPortsPerRule, "ports that are excluded"),
    object("serviceAccounts", kServiceAccounts, "endpoints by service account"),
    list("domains", Shape::kText, kMaxDomainsPerRule, "domain names, each with at most one * as a whole label"),
};
constexpr ObjectSpec kEntity = {"source or destination", kEntityFields};

constexpr std::array kIcmpFields = {plain("type", Shape::kInteger, "0 to 254"), plain("code", Shape::kInteger, "0 to 255")};
constexpr ObjectSpec kIcmp = {"an ICMP match", kIcmpFields};

constexpr std::array kRuleMetadataFields = {annotations(kRuleKeys)};
constexpr ObjectSpec kRuleMetadata = {"a rule's metadata", kRuleMetadataFields};

constexpr FieldSpec kAction = {.name = "action", .required = true, .allowed = kActions, .help = "what the rule does"};
constexpr std::array kRuleFields = {
    kAction,
    plain("ipVersion", Shape::kInteger, "4 or 6"),
    plain("protocol", Shape::kTextOrInteger, "TCP, UDP, ICMP, ICMPv6, SCTP, UDPLite or 1 to 255"),
    plain("notProtocol", Shape::kTextOrInteger, "the protocol that is excluded"),
    object("icmp", kIcmp, "ICMP type and code"),
    object("notICMP", kIcmp, "ICMP type and code that are excluded"),
    object("source", kEntity, "where the packet comes from"),
    object("destination", kEntity, "where the packet goes to"),
    plain("http", Shape::kAny, "not supported"),
    object("metadata", kRuleMetadata, "annotations of the rule"),
};
constexpr ObjectSpec kRule = {"a rule", kRuleFields};

constexpr FieldSpec kTier = text("tier", "name of the tier; default when absent");
constexpr FieldSpec kOrder = plain("order", Shape::kNumber, "lower comes first; absent: last");
constexpr FieldSpec kSelectorField = text("selector", "selector of the endpoints; absent: all");
constexpr FieldSpec kAccountSelector = text("serviceAccountSelector", "selector over the labels of the endpoint's service account");
constexpr FieldSpec kTypesField = {
    .name = "types", .list = true, .max_items = 2, .allowed = kTypes, .help = "the directions in which the policy applies"};
constexpr FieldSpec kIngress = objects("ingress", kRule, kMaxRulesPerDirection, "rules for packets to the endpoint");
constexpr FieldSpec kEgress = objects("egress", kRule, kMaxRulesPerDirection, "rules for packets from the endpoint");
constexpr FieldSpec kHints = list("performanceHints", Shape::kText, 16, "accepted, without effect");
constexpr FieldSpec kNamespaceSelector = text("namespaceSelector", "selector over the labels of the endpoint's namespace");
constexpr FieldSpec kDoNotTrack = plain("doNotTrack", Shape::kBool, "not supported");
constexpr FieldSpec kPreDnat = plain("preDNAT", Shape::kBool, "not supported");
constexpr FieldSpec kApplyOnForward = plain("applyOnForward", Shape::kBool, "not supported");
constexpr FieldSpec kStagedAction =
    word("stagedAction", kStagedActions, "Set adds or replaces a policy, Delete removes it, the others change nothing");

constexpr std::array kPolicySpecFields = {kTier, kOrder, kSelectorField, kAccountSelector, kTypesField, kIngress, kEgress, kHints};
constexpr ObjectSpec kPolicySpec = {"spec", kPolicySpecFields};
constexpr std::array kStagedSpecFields = {kTier,    kOrder,  kSelectorField, kAccountSelector, kTypesField,
                                          kIngress, kEgress, kHints,         kStagedAction};
constexpr ObjectSpec kStagedSpec = {"spec", kStagedSpecFields};
constexpr std::array kGlobalSpecFields = {kTier,    kOrder,  kSelectorField, kNamespaceSelector, kAccountSelector, kTypesField,
                                          kIngress, kEgress, kDoNotTrack,    kPreDnat,           kApplyOnForward,  kHints};
constexpr ObjectSpec kGlobalSpec = {"spec", kGlobalSpecFields};
constexpr std::array kStagedGlobalSpecFields = {kTier,           kOrder,   kSelectorField, kNamespaceSelector, kAccountSelector,
                                                kTypesField,     kIngress, kEgress,        kDoNotTrack,        kPreDnat,
                                                kApplyOnForward, kHints,   kStagedAction};
constexpr ObjectSpec kStagedGlobalSpec = {"spec", kStagedGlobalSpecFields};

constexpr std::array kSetSpecFields = {list("nets", Shape::kText, kMaxSetEntries, "addresses and CIDRs of both families"),
                                       list("allowedEgressDomains", Shape::kText, kMaxSetEntries, "domain names")};
constexpr ObjectSpec kSetSpec = {"spec", kSetSpecFields};
constexpr std::array kTierSpecFields = {kOrder,
                                        word("defaultAction", kTierActions, "what happens to a packet that no rule of the tier decides")};
constexpr ObjectSpec kTierSpec = {"spec", kTierSpecFields};

constexpr std::array<FieldSpec, 5> document(const ObjectSpec& spec, const ObjectSpec& metadata = kMetadata) {
    return {required_text("apiVersion", "version of the format"), required_text("kind", "kind of the document"),
            FieldSpec{.name = "metadata", .shape = Shape::kObject, .required = true, .object = &metadata, .help = "name and labels"},
            object("spec", spec, "content"), plain("status", Shape::kAny, "written by a cluster")};
}

constexpr std::array kPolicyFields = document(kPolicySpec, kPolicyMetadata);
constexpr std::array kStagedFields = document(kStagedSpec, kPolicyMetadata);
constexpr std::array kGlobalFields = document(kGlobalSpec, kPolicyMetadata);
constexpr std::array kStagedGlobalFields = document(kStagedGlobalSpec, kPolicyMetadata);
constexpr std::array kSetFields = document(kSetSpec);
constexpr std::array kTierFields = document(kTierSpec);
constexpr ObjectSpec kPolicyObject = {"a policy", kPolicyFields};
constexpr ObjectSpec kStagedObject = {"a policy", kStagedFields};
constexpr ObjectSpec kGlobalObject = {"a policy", kGlobalFields};
constexpr ObjectSpec kStagedGlobalObject = {"a policy", kStagedGlobalFields};
constexpr ObjectSpec kSetObject = {"a network set", kSetFields};
constexpr ObjectSpec kTierObject = {"a tier", kTierFields};

// Kubernetes' NetworkPolicy.
constexpr std::array<string_view, 4> kOperators = {"In", "NotIn", "Exists", "DoesNotExist"};
constexpr std::array<string_view, 3> kTransports = {"TCP", "UDP", "SCTP"};

constexpr std::array kExpressionFields = {
    required_text("key", "the label"),
    FieldSpec{.name = "operator", .required = true, .allowed = kOperators, .help = "how the label is compared"},
    list("values", Shape::kText, kMaxNetsPerRule, "for In and NotIn"),
};
constexpr ObjectSpec kExpression = {"a match expression", kExpressionFields};
constexpr std::array kLabelSelectorFields = {plain("matchLabels", Shape::kTextMap, "labels and their values"),
                                             objects("matchExpressions", kExpression, kMaxNetsPerRule, "conditions that must all hold")};
constexpr ObjectSpec kLabelSelector = {"a label selector", kLabelSelectorFields};
constexpr std::array kBlockFields = {required_text("cidr", "a CIDR"),
                                     list("except", Shape::kText, kMaxNetsPerRule, "CIDRs inside it that are excluded")};
constexpr ObjectSpec kBlock = {"an address block", kBlockFields};
constexpr std::array kPeerFields = {object("podSelector", kLabelSelector, "pods by their labels; {}: all"),
                                    object("namespaceSelector", kLabelSelector, "namespaces by their labels; {}: all"),
                                    object("ipBlock", kBlock, "addresses")};
constexpr ObjectSpec kPeer = {"a peer", kPeerFields};
constexpr std::array kPeerPortFields = {word("protocol", kTransports, "TCP when absent"),
                                        plain("port", Shape::kTextOrInteger, "number or name; absent: all"),
                                        plain("endPort", Shape::kInteger, "the last port of a range")};
constexpr ObjectSpec kPeerPort = {"a peer's port", kPeerPortFields};
constexpr FieldSpec kPeerPorts = objects("ports", kPeerPort, kMaxPortsPerRule, "ports; absent: all");
constexpr std::array kFromFields = {kPeerPorts, objects("from", kPeer, kMaxNetsPerRule, "sources; absent: all")};
constexpr ObjectSpec kFrom = {"an ingress rule", kFromFields};
constexpr std::array kToFields = {kPeerPorts, objects("to", kPeer, kMaxNetsPerRule, "destinations; absent: all")};
constexpr ObjectSpec kTo = {"an egress rule", kToFields};
constexpr std::array kKubernetesSpecFields = {
    object("podSelector", kLabelSelector, "the pods of the namespace that the policy is for; {}: all"),
    FieldSpec{.name = "policyTypes", .list = true, .max_items = 2, .allowed = kTypes, .help = "the directions in which the policy applies"},
    objects("ingress", kFrom, kMaxRulesPerDirection, "what may come in"),
    objects("egress", kTo, kMaxRulesPerDirection, "what may go out"),
};
constexpr ObjectSpec kKubernetesSpec = {"spec", kKubernetesSpecFields};
constexpr std::array kKubernetesFields = document(kKubernetesSpec, kPolicyMetadata);
constexpr ObjectSpec kKubernetesObject = {"a policy", kKubernetesFields};

// Kubernetes' ClusterNetworkPolicy.
constexpr std::size_t kMaxClusterEntries = 25;  // of each of its lists, as its definition says
constexpr std::array<string_view, 3> kClusterActions = {"Accept", "Deny", "Pass"};
constexpr std::array<string_view, 2> kClusterTiers = {"Admin", "Baseline"};

constexpr FieldSpec required_object(string_view name, const ObjectSpec& spec, string_view help) {
    return {.name = name, .shape = Shape::kObject, .required = true, .object = &spec, .help = help};
}

constexpr std::array kPodsFields = {required_object("namespaceSelector", kLabelSelector, "their namespaces by labels; {}: all"),
                                    required_object("podSelector", kLabelSelector, "by their labels; {}: all")};
constexpr ObjectSpec kPods = {"pods", kPodsFields};
constexpr std::array kSubjectFields = {object("namespaces", kLabelSelector, "all pods of these namespaces"),
                                       object("pods", kPods, "pods of namespaces")};
constexpr ObjectSpec kSubject = {"a subject", kSubjectFields};
constexpr std::array kClusterFromFields = {object("namespaces", kLabelSelector, "all pods of these namespaces"),
                                           object("pods", kPods, "pods of namespaces")};
constexpr ObjectSpec kClusterFromPeer = {"a cluster ingress peer", kClusterFromFields};
constexpr std::array kClusterToFields = {
    object("namespaces", kLabelSelector, "all pods of these namespaces"), object("pods", kPods, "pods of namespaces"),
    plain("nodes", Shape::kAny, "not supported"), list("networks", Shape::kText, kMaxClusterEntries, "CIDRs"),
    list("domainNames", Shape::kText, kMaxClusterEntries, "names, with at most one * as the first label")};
constexpr ObjectSpec kClusterToPeer = {"a cluster egress peer", kClusterToFields};
constexpr std::array kClusterRangeFields = {
    FieldSpec{.name = "start", .shape = Shape::kInteger, .required = true, .help = "the first port"},
    FieldSpec{.name = "end", .shape = Shape::kInteger, .required = true, .help = "the last port"}};
constexpr ObjectSpec kClusterRange = {"a port range", kClusterRangeFields};
constexpr std::array kClusterPortFields = {plain("number", Shape::kInteger, "1 to 65535"),
                                           object("range", kClusterRange, "a range of ports")};
constexpr ObjectSpec kClusterPort = {"a destination port", kClusterPortFields};
constexpr std::array kTransportFields = {object("destinationPort", kClusterPort, "absent: all ports")};
constexpr ObjectSpec kTransport = {"a transport", kTransportFields};
constexpr std::array kClusterProtocolFields = {object("tcp", kTransport, "TCP"), object("udp", kTransport, "UDP"),
                                               object("sctp", kTransport, "SCTP"), text("destinationNamedPort", "a port's name")};
constexpr ObjectSpec kClusterProtocol = {"a cluster protocol", kClusterProtocolFields};
constexpr FieldSpec kClusterAction = {.name = "action", .required = true, .allowed = kClusterActions, .help = "what the rule does"};
constexpr FieldSpec kClusterProtocols = objects("protocols", kClusterProtocol, kMaxClusterEntries, "protocols and ports; absent: all");
constexpr std::array kClusterIngressFields = {text("name", "for people"), kClusterAction,
                                              objects("from", kClusterFromPeer, kMaxClusterEntries, "sources"), kClusterProtocols};
constexpr ObjectSpec kClusterIngress = {"a cluster ingress rule", kClusterIngressFields};
constexpr std::array kClusterEgressFields = {text("name", "for people"), kClusterAction,
                                             objects("to", kClusterToPeer, kMaxClusterEntries, "destinations"), kClusterProtocols};
constexpr ObjectSpec kClusterEgress = {"a cluster egress rule", kClusterEgressFields};
constexpr std::array kClusterSpecFields = {
    FieldSpec{.name = "tier", .required = true, .allowed = kClusterTiers, .help = "before or after all other policies"},
    FieldSpec{.name = "priority", .shape = Shape::kInteger, .required = true, .help = "0 to 1000; lower comes first"},
    required_object("subject", kSubject, "the pods that the policy is for"),
    objects("ingress", kClusterIngress, kMaxClusterEntries, "rules for packets to the pods"),
    objects("egress", kClusterEgress, kMaxClusterEntries, "rules for packets from the pods"),
};
constexpr ObjectSpec kClusterSpec = {"spec", kClusterSpecFields};
constexpr std::array kClusterFields = document(kClusterSpec, kPolicyMetadata);
constexpr ObjectSpec kClusterObject = {"a policy", kClusterFields};

// Kubernetes' other documents: only the fields that labels and named ports need are checked.
constexpr std::array kContainerPortFields = {text("name", "name of the port"), plain("containerPort", Shape::kInteger, "1 to 65535"),
                                             text("protocol", "TCP, UDP or SCTP")};
constexpr ObjectSpec kContainerPort = {"a container's port", kContainerPortFields, true};
constexpr std::array kContainerFields = {objects("ports", kContainerPort, 1024, "ports of the container")};
constexpr ObjectSpec kContainer = {"a container", kContainerFields, true};
constexpr std::array kPodSpecFields = {text("serviceAccountName", "service account of the pod"),
                                       objects("containers", kContainer, 1024, "containers of the pod"),
                                       objects("initContainers", kContainer, 1024, "init containers of the pod")};
constexpr ObjectSpec kPodSpec = {"spec", kPodSpecFields, true};
constexpr ObjectSpec kOpenSpec = {"spec", {}, true};
constexpr std::array kPodFields = document(kPodSpec);
constexpr std::array kOpenFields = document(kOpenSpec);
constexpr ObjectSpec kPodObject = {"a pod", kPodFields};
constexpr ObjectSpec kNamespaceObject = {"a namespace", kOpenFields};
constexpr ObjectSpec kAccountObject = {"a service account", kOpenFields, true};

constexpr std::array kKinds = {
    KindSpec{"NetworkPolicy", kCalicoVersion, &kPolicyObject, true},
    KindSpec{"GlobalNetworkPolicy", kCalicoVersion, &kGlobalObject, false},
    KindSpec{"StagedNetworkPolicy", kCalicoVersion, &kStagedObject, true},
    KindSpec{"StagedGlobalNetworkPolicy", kCalicoVersion, &kStagedGlobalObject, false},
    KindSpec{"NetworkSet", kCalicoVersion, &kSetObject, true},
    KindSpec{"GlobalNetworkSet", kCalicoVersion, &kSetObject, false},
    KindSpec{"Tier", kCalicoVersion, &kTierObject, false},
    KindSpec{"NetworkPolicy", kKubernetesPolicyVersion, &kKubernetesObject, true},
    KindSpec{kClusterPolicyKind, kClusterPolicyVersion, &kClusterObject, false},
    KindSpec{"Pod", kCore, &kPodObject, true},
    KindSpec{"Namespace", kCore, &kNamespaceObject, false},
    KindSpec{"ServiceAccount", kCore, &kAccountObject, true},
};

}  // namespace

std::span<const KindSpec> all_kinds() { return kKinds; }

bool has_version(const KindSpec& kind, std::string_view version) {
    return version == kind.api_version || (kind.api_version == kCalicoVersion && version == kOwnVersion);
}

std::vector<std::string_view> versions_of(const KindSpec& kind) {
    std::vector<std::string_view> out = {kind.api_version};
    if (has_version(kind, kOwnVersion)) {
        out.push_back(kOwnVersion);
    }
    return out;
}

const KindSpec* find_kind(std::string_view kind, std::string_view api_version) {
    const KindSpec* found = nullptr;
    for (const KindSpec& spec : kKinds) {
        if (spec.kind == kind && (found == nullptr || has_version(spec, api_version))) {
            found = &spec;
        }
    }
    return found;
}

}  // namespace namegate::policy
