// SPDX-License-Identifier: Apache-2.0
//
// Names as people write them in policies, and names on the wire: one table for all code that compares them.
#pragma once

namespace namegate::test {

struct WrittenName {
    const char* pattern;  // as in a policy file
    const char* asked;    // on the wire; \DDD puts a byte into a label
    bool matches;
};

#define NG_LABEL_63 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-123456789"
#define NG_LABELS_191 NG_LABEL_63 "." NG_LABEL_63 "." NG_LABEL_63

inline constexpr WrittenName kWrittenNames[] = {
    // case, in the pattern, in the question, in both
    {"example.com", "EXAMPLE.com", true},
    {"EXAMPLE.com", "example.com", true},
    {"ExAmPlE.cOm", "eXaMpLe.CoM", true},
    {"*.Example.COM", "WWW.eXAMPLE.com", true},
    // a trailing dot
    {"example.com.", "example.com", true},
    {"*.example.com.", "www.example.com", true},
    {"update.*.example.com.", "update.a.example.com", true},
    // Unicode, to A-labels, upper case and wide dots included
    {"B\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example", true},
    {"B\xc3\x9c"
     "CHER.example",
     "XN--BCHER-KVA.example", true},
    {"*.b\xc3\xbc"
     "cher.example",
     "www.xn--bcher-kva.example", true},
    {"xn--bcher-kva.example", "xn--bcher-kva.example", true},
    {"b\xc3\xbc"
     "cher.example",
     "bucher.example", false},
    {"b\xc3\xbc"
     "cher.example",
     "b\\195\\188cher.example", false},
    {"stra\xc3\x9f"
     "e.example",
     "xn--strae-oqa.example", true},
    {"\xe4\xbe\x8b\xe3\x81\x88\xe3\x80\x82\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88", "xn--r8jz45g.xn--zckzah", true},
    {"\xe4\xbe\x8b\xe3\x81\x88\xef\xbc\x8e\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88\xef\xbd\xa1", "xn--r8jz45g.xn--zckzah", true},
    // underscores and hyphens
    {"_sip._tcp.example.com", "_sip._tcp.example.com", true},
    {"*.example.com", "_dmarc.example.com", true},
    {"_dmarc.example.com", "dmarc.example.com", false},
    {"a-b.example.com", "a-b.example.com", true},
    // a dot inside a label is not a boundary
    {"example.com", "example\\046com", false},
    {"*.com", "example\\046com", false},
    {"www.example.com", "www\\046example.com", false},
    {"*.example.com", "www\\046example.com", false},
    {"*.example.com", "a\\046b.example.com", true},
    {"a.b.example.com", "a\\046b.example.com", false},
    {"update.*.example.com", "update\\046a.example.com", false},
    {"update.*.example.com", "update.a\\046example.com", false},
    {"update.*.example.com", "update.\\046.example.com", true},
    // other bytes that no pattern can have
    {"*.example.com", "\\000.example.com", true},
    {"*.example.com", "\\092046.example.com", true},
    {"example.com", "example\\000.com", false},
    {"example.com", "example.com\\000", false},
    {"example.com", "\\000example.com", false},
    {"*.example.com", "www.example\\032.com", false},
    // the limits
    {NG_LABEL_63 ".com", NG_LABEL_63 ".com", true},
    {"*.com", NG_LABEL_63 ".com", true},
    {NG_LABELS_191, "x." NG_LABELS_191, false},
    {NG_LABELS_191 ".abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-1234567",
     NG_LABELS_191 ".abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-1234567", true},
    {"*.abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-1234567",
     NG_LABELS_191 ".abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-1234567", true},
};

#undef NG_LABELS_191
#undef NG_LABEL_63

}  // namespace namegate::test
