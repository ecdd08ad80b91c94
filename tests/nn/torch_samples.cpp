// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/nn/torch_samples.h"

#include <stdexcept>

#include <QByteArray>

namespace quantarium::testing {

namespace {

struct Sample {
    const char* name;
    const char* base64;
};

// Saved by PyTorch 1.13 with
//   sd = OrderedDict([("a.weight", arange(6, dtype=float32).reshape(2, 3)), ("a.bias", tensor([0.5, -1.5])),
//                     ("n.num_batches_tracked", tensor(7))])
//   big = arange(12, dtype=float64).reshape(3, 4)
//   checkpoint = {"epoch": 3, "lr": 0.1, "best": None, "done": True,
//                 "model": OrderedDict([("module.t", big.t()), ("module.row", big[1]),
//                     ("module.half", tensor([1.5, -2], dtype=float16)),
//                     ("module.bf", tensor([1.5, -2], dtype=bfloat16)),
//                     ("module.e", tensor([3.]).expand(2, 2)), ("module.p", nn.Parameter(tensor([9.]))),
//                     ("module.flag", tensor([True, False])), ("module.z", zeros(0, 3))]),
//                 "hist": [1, 2.5, -3, 2**40, (1, 2), {"x": "y"}],
//                 "shape": torch.Size([1, 2]), "dtype": torch.float16}
//   torch.save(…), legacy with _use_new_zipfile_serialization=False, protocol 4 with pickle_protocol=4.
const Sample kSamples[] = {
    {"state_dict zip",
     "UEsDBAAACAgAAAAAAAAAAAAAAAAAAAAAAAAMABYAemlwL2RhdGEucGtsRkISAFpaWlpaWlpaWlpaWlpaWlpaWoACY2NvbGxlY3Rp"
     "b25zCk9yZGVyZWREaWN0CnEAKVJxAShYCAAAAGEud2VpZ2h0cQJjdG9yY2guX3V0aWxzCl9yZWJ1aWxkX3RlbnNvcl92MgpxAygo"
     "WAcAAABzdG9yYWdlcQRjdG9yY2gKRmxvYXRTdG9yYWdlCnEFWAEAAAAwcQZYAwAAAGNwdXEHSwZ0cQhRSwBLAksDhnEJSwNLAYZx"
     "ColoAClScQt0cQxScQ1YBgAAAGEuYmlhc3EOaAMoKGgEaAVYAQAAADFxD2gHSwJ0cRBRSwBLAoVxEUsBhXESiWgAKVJxE3RxFFJx"
     "FVgVAAAAbi5udW1fYmF0Y2hlc190cmFja2VkcRZoAygoaARjdG9yY2gKTG9uZ1N0b3JhZ2UKcRdYAQAAADJxGGgHSwF0cRlRSwAp"
     "KYloAClScRp0cRtScRx1LlBLBwjH45+gRwEAAEcBAABQSwMEAAAICAAAAAAAAAAAAAAAAAAAAAAAAAoAQQB6aXAvZGF0YS8wRkI9"
     "AFpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWloAAAAAAACAPwAAAEAA"
     "AEBAAACAQAAAoEBQSwcIF5DnkRgAAAAYAAAAUEsDBAAACAgAAAAAAAAAAAAAAAAAAAAAAAAKADAAemlwL2RhdGEvMUZCLABaWlpa"
     "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWgAAAD8AAMC/UEsHCG2Jd9YIAAAACAAAAFBLAwQAAAgIAAAA"
     "AAAAAAAAAAAAAAAAAAAACgBAAHppcC9kYXRhLzJGQjwAWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa"
     "WlpaWlpaWlpaWlpaWlpaWlpaBwAAAAAAAABQSwcIcNbnbwgAAAAIAAAAUEsDBAAACAgAAAAAAAAAAAAAAAAAAAAAAAALAD8Aemlw"
     "L3ZlcnNpb25GQjsAWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlozClBL"
     "BwjRnmdVAgAAAAIAAABQSwECAAAAAAgIAAAAAAAAx+OfoEcBAABHAQAADAAAAAAAAAAAAAAAAAAAAAAAemlwL2RhdGEucGtsUEsB"
     "AgAAAAAICAAAAAAAABeQ55EYAAAAGAAAAAoAAAAAAAAAAAAAAAAAlwEAAHppcC9kYXRhLzBQSwECAAAAAAgIAAAAAAAAbYl31ggA"
     "AAAIAAAACgAAAAAAAAAAAAAAAAAoAgAAemlwL2RhdGEvMVBLAQIAAAAACAgAAAAAAABw1udvCAAAAAgAAAAKAAAAAAAAAAAAAAAA"
     "AJgCAAB6aXAvZGF0YS8yUEsBAgAAAAAICAAAAAAAANGeZ1UCAAAAAgAAAAsAAAAAAAAAAAAAAAAAGAMAAHppcC92ZXJzaW9uUEsG"
     "BiwAAAAAAAAAHgMtAAAAAAAAAAAABQAAAAAAAAAFAAAAAAAAABsBAAAAAAAAkgMAAAAAAABQSwYHAAAAAK0EAAAAAAAAAQAAAFBL"
     "BQYAAAAABQAFABsBAACSAwAAAAA="},
    {"state_dict legacy",
     "gAKKCmz8nEb5IGqoUBkugAJN6QMugAJ9cQAoWBAAAABwcm90b2NvbF92ZXJzaW9ucQFN6QNYDQAAAGxpdHRsZV9lbmRpYW5xAohY"
     "CgAAAHR5cGVfc2l6ZXNxA31xBChYBQAAAHNob3J0cQVLAlgDAAAAaW50cQZLBFgEAAAAbG9uZ3EHSwR1dS6AAmNjb2xsZWN0aW9u"
     "cwpPcmRlcmVkRGljdApxAClScQEoWAgAAABhLndlaWdodHECY3RvcmNoLl91dGlscwpfcmVidWlsZF90ZW5zb3JfdjIKcQMoKFgH"
     "AAAAc3RvcmFnZXEEY3RvcmNoCkZsb2F0U3RvcmFnZQpxBVgJAAAAODY5NjE0MDY0cQZYAwAAAGNwdXEHSwZOdHEIUUsASwJLA4Zx"
     "CUsDSwGGcQqJaAApUnELdHEMUnENWAYAAABhLmJpYXNxDmgDKChoBGgFWAkAAAA4NDU0MTUyMTZxD2gHSwJOdHEQUUsASwKFcRFL"
     "AYVxEoloAClScRN0cRRScRVYFQAAAG4ubnVtX2JhdGNoZXNfdHJhY2tlZHEWaAMoKGgEY3RvcmNoCkxvbmdTdG9yYWdlCnEXWAkA"
     "AAA5MDc0NjUwMDhxGGgHSwFOdHEZUUsAKSmJaAApUnEadHEbUnEcdS6AAl1xAChYCQAAADg0NTQxNTIxNnEBWAkAAAA4Njk2MTQw"
     "NjRxAlgJAAAAOTA3NDY1MDA4cQNlLgIAAAAAAAAAAAAAPwAAwL8GAAAAAAAAAAAAAAAAAIA/AAAAQAAAQEAAAIBAAACgQAEAAAAA"
     "AAAABwAAAAAAAAA="},
    {"protocol 4 zip",
     "UEsDBAAACAgAAAAAAAAAAAAAAAAAAAAAAAANABUAemlwNC9kYXRhLnBrbEZCEQBaWlpaWlpaWlpaWlpaWlpaWoAElRoBAAAAAAAA"
     "jAtjb2xsZWN0aW9uc5SMC09yZGVyZWREaWN0lJOUKVKUKIwIYS53ZWlnaHSUjAx0b3JjaC5fdXRpbHOUjBJfcmVidWlsZF90ZW5z"
     "b3JfdjKUk5QoKIwHc3RvcmFnZZSMBXRvcmNolIwMRmxvYXRTdG9yYWdllJOUjAEwlIwDY3B1lEsGdJRRSwBLAksDhpRLA0sBhpSJ"
     "aAIpUpR0lFKUjAZhLmJpYXOUaAcoKGgIaAuMATGUaA1LAnSUUUsASwKFlEsBhZSJaAIpUpR0lFKUjBVuLm51bV9iYXRjaGVzX3Ry"
     "YWNrZWSUaAcoKGgIaAmMC0xvbmdTdG9yYWdllJOUjAEylGgNSwF0lFFLACkpiWgCKVKUdJRSlHUuUEsHCGBQm8YlAQAAJQEAAFBL"
     "AwQAAAgIAAAAAAAAAAAAAAAAAAAAAAAACwAiAHppcDQvZGF0YS8wRkIeAFpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWgAA"
     "AAAAAIA/AAAAQAAAQEAAAIBAAACgQFBLBwgXkOeRGAAAABgAAABQSwMEAAAICAAAAAAAAAAAAAAAAAAAAAAAAAsALwB6aXA0L2Rh"
     "dGEvMUZCKwBaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaAAAAPwAAwL9QSwcIbYl31ggAAAAIAAAA"
     "UEsDBAAACAgAAAAAAAAAAAAAAAAAAAAAAAALAD8AemlwNC9kYXRhLzJGQjsAWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa"
     "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWloHAAAAAAAAAFBLBwhw1udvCAAAAAgAAABQSwMEAAAICAAAAAAAAAAAAAAAAAAA"
     "AAAAAAwAPgB6aXA0L3ZlcnNpb25GQjoAWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa"
     "WlpaWlpaWjMKUEsHCNGeZ1UCAAAAAgAAAFBLAQIAAAAACAgAAAAAAABgUJvGJQEAACUBAAANAAAAAAAAAAAAAAAAAAAAAAB6aXA0"
     "L2RhdGEucGtsUEsBAgAAAAAICAAAAAAAABeQ55EYAAAAGAAAAAsAAAAAAAAAAAAAAAAAdQEAAHppcDQvZGF0YS8wUEsBAgAAAAAI"
     "CAAAAAAAAG2Jd9YIAAAACAAAAAsAAAAAAAAAAAAAAAAA6AEAAHppcDQvZGF0YS8xUEsBAgAAAAAICAAAAAAAAHDW528IAAAACAAA"
     "AAsAAAAAAAAAAAAAAAAAWAIAAHppcDQvZGF0YS8yUEsBAgAAAAAICAAAAAAAANGeZ1UCAAAAAgAAAAwAAAAAAAAAAAAAAAAA2AIA"
     "AHppcDQvdmVyc2lvblBLBgYsAAAAAAAAAB4DLQAAAAAAAAAAAAUAAAAAAAAABQAAAAAAAAAgAQAAAAAAAFIDAAAAAAAAUEsGBwAA"
     "AAByBAAAAAAAAAEAAABQSwUGAAAAAAUABQAgAQAAUgMAAAAA"},
    {"protocol 4 legacy",
     "gASVDQAAAAAAAACKCmz8nEb5IGqoUBkugASVBAAAAAAAAABN6QMugASVWAAAAAAAAAB9lCiMEHByb3RvY29sX3ZlcnNpb26UTekD"
     "jA1saXR0bGVfZW5kaWFulIiMCnR5cGVfc2l6ZXOUfZQojAVzaG9ydJRLAowDaW50lEsEjARsb25nlEsEdXUugASVNQEAAAAAAACM"
     "C2NvbGxlY3Rpb25zlIwLT3JkZXJlZERpY3SUk5QpUpQojAhhLndlaWdodJSMDHRvcmNoLl91dGlsc5SMEl9yZWJ1aWxkX3RlbnNv"
     "cl92MpSTlCgojAdzdG9yYWdllIwFdG9yY2iUjAxGbG9hdFN0b3JhZ2WUk5SMCTg2OTYxNDA2NJSMA2NwdZRLBk50lFFLAEsCSwOG"
     "lEsDSwGGlIloAilSlHSUUpSMBmEuYmlhc5RoBygoaAhoC4wJODQ1NDE1MjE2lGgNSwJOdJRRSwBLAoWUSwGFlIloAilSlHSUUpSM"
     "FW4ubnVtX2JhdGNoZXNfdHJhY2tlZJRoBygoaAhoCYwLTG9uZ1N0b3JhZ2WUk5SMCTkwNzQ2NTAwOJRoDUsBTnSUUUsAKSmJaAIp"
     "UpR0lFKUdS6ABJUpAAAAAAAAAF2UKIwJODQ1NDE1MjE2lIwJODY5NjE0MDY0lIwJOTA3NDY1MDA4lGUuAgAAAAAAAAAAAAA/AADA"
     "vwYAAAAAAAAAAAAAAAAAgD8AAABAAABAQAAAgEAAAKBAAQAAAAAAAAAHAAAAAAAAAA=="},
    {"checkpoint zip",
     "UEsDBAAACAgAAAAAAAAAAAAAAAAAAAAAAAASABAAY2hlY2tfemlwL2RhdGEucGtsRkIMAFpaWlpaWlpaWlpaWoACfXEAKFgFAAAA"
     "ZXBvY2hxAUsDWAIAAABscnECRz+5mZmZmZmaWAQAAABiZXN0cQNOWAQAAABkb25lcQSIWAUAAABtb2RlbHEFY2NvbGxlY3Rpb25z"
     "Ck9yZGVyZWREaWN0CnEGKVJxByhYCAAAAG1vZHVsZS50cQhjdG9yY2guX3V0aWxzCl9yZWJ1aWxkX3RlbnNvcl92MgpxCSgoWAcA"
     "AABzdG9yYWdlcQpjdG9yY2gKRG91YmxlU3RvcmFnZQpxC1gBAAAAMHEMWAMAAABjcHVxDUsMdHEOUUsASwRLA4ZxD0sBSwSGcRCJ"
     "aAYpUnERdHESUnETWAoAAABtb2R1bGUucm93cRRoCSgoaApoC2gMaA1LDHRxFVFLBEsEhXEWSwGFcReJaAYpUnEYdHEZUnEaWAsA"
     "AABtb2R1bGUuaGFsZnEbaAkoKGgKY3RvcmNoCkhhbGZTdG9yYWdlCnEcWAEAAAAxcR1oDUsCdHEeUUsASwKFcR9LAYVxIIloBilS"
     "cSF0cSJScSNYCQAAAG1vZHVsZS5iZnEkaAkoKGgKY3RvcmNoCkJGbG9hdDE2U3RvcmFnZQpxJVgBAAAAMnEmaA1LAnRxJ1FLAEsC"
     "hXEoSwGFcSmJaAYpUnEqdHErUnEsWAgAAABtb2R1bGUuZXEtaAkoKGgKY3RvcmNoCkZsb2F0U3RvcmFnZQpxLlgBAAAAM3EvaA1L"
     "AXRxMFFLAEsCSwKGcTFLAEsAhnEyiWgGKVJxM3RxNFJxNVgIAAAAbW9kdWxlLnBxNmN0b3JjaC5fdXRpbHMKX3JlYnVpbGRfcGFy"
     "YW1ldGVyCnE3aAkoKGgKaC5YAQAAADRxOGgNSwF0cTlRSwBLAYVxOksBhXE7iWgGKVJxPHRxPVJxPohoBilScT+HcUBScUFYCwAA"
     "AG1vZHVsZS5mbGFncUJoCSgoaApjdG9yY2gKQm9vbFN0b3JhZ2UKcUNYAQAAADVxRGgNSwJ0cUVRSwBLAoVxRksBhXFHiWgGKVJx"
     "SHRxSVJxSlgIAAAAbW9kdWxlLnpxS2gJKChoCmguWAEAAAA2cUxoDUsAdHFNUUsASwBLA4ZxTksDSwGGcU+JaAYpUnFQdHFRUnFS"
     "dVgEAAAAaGlzdHFTXXFUKEsBR0AEAAAAAAAASv3///+KBgAAAAAAAUsBSwKGcVV9cVZYAQAAAHhxV1gBAAAAeXFYc2VYBQAAAHNo"
     "YXBlcVljdG9yY2gKU2l6ZQpxWksBSwKGcVuFcVxScV1YBQAAAGR0eXBlcV5jdG9yY2gKZmxvYXQxNgpxX3UuUEsHCNbfl4rOAwAA"
     "zgMAAFBLAwQAAAgIAAAAAAAAAAAAAAAAAAAAAAAAEAA0AGNoZWNrX3ppcC9kYXRhLzBGQjAAWlpaWlpaWlpaWlpaWlpaWlpaWlpa"
     "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaAAAAAAAAAAAAAAAAAADwPwAAAAAAAABAAAAAAAAACEAAAAAAAAAQQAAAAAAAABRA"
     "AAAAAAAAGEAAAAAAAAAcQAAAAAAAACBAAAAAAAAAIkAAAAAAAAAkQAAAAAAAACZAUEsHCPAHmfhgAAAAYAAAAFBLAwQAAAgIAAAA"
     "AAAAAAAAAAAAAAAAAAAAEAAiAGNoZWNrX3ppcC9kYXRhLzFGQh4AWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaAD4AwFBL"
     "Bwg21dWUBAAAAAQAAABQSwMEAAAICAAAAAAAAAAAAAAAAAAAAAAAABAAPgBjaGVja196aXAvZGF0YS8yRkI6AFpaWlpaWlpaWlpa"
     "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlrAPwDAUEsHCAdRWuMEAAAABAAAAFBLAwQAAAgI"
     "AAAAAAAAAAAAAAAAAAAAAAAAEAA+AGNoZWNrX3ppcC9kYXRhLzNGQjoAWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa"
     "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWgAAQEBQSwcIidHhpwQAAAAEAAAAUEsDBAAACAgAAAAAAAAAAAAAAAAAAAAAAAAQAD4A"
     "Y2hlY2tfemlwL2RhdGEvNEZCOgBaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa"
     "WlpaAAAQQVBLBwhLvF1qBAAAAAQAAABQSwMEAAAICAAAAAAAAAAAAAAAAAAAAAAAABAAPgBjaGVja196aXAvZGF0YS81RkI6AFpa"
     "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWloBAFBLBwi+I8JYAgAAAAIAAABQ"
     "SwMEAAAACAAAAAAAAAAAAAAAAAAAAAAAABAAQABjaGVja196aXAvZGF0YS82RkI8AFpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa"
     "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlBLAwQAAAgIAAAAAAAAAAAAAAAAAAAAAAAAEQARAGNoZWNrX3ppcC92"
     "ZXJzaW9uRkINAFpaWlpaWlpaWlpaWlozClBLBwjRnmdVAgAAAAIAAABQSwECAAAAAAgIAAAAAAAA1t+Xis4DAADOAwAAEgAAAAAA"
     "AAAAAAAAAAAAAAAAY2hlY2tfemlwL2RhdGEucGtsUEsBAgAAAAAICAAAAAAAAPAHmfhgAAAAYAAAABAAAAAAAAAAAAAAAAAAHgQA"
     "AGNoZWNrX3ppcC9kYXRhLzBQSwECAAAAAAgIAAAAAAAANtXVlAQAAAAEAAAAEAAAAAAAAAAAAAAAAADwBAAAY2hlY2tfemlwL2Rh"
     "dGEvMVBLAQIAAAAACAgAAAAAAAAHUVrjBAAAAAQAAAAQAAAAAAAAAAAAAAAAAFQFAABjaGVja196aXAvZGF0YS8yUEsBAgAAAAAI"
     "CAAAAAAAAInR4acEAAAABAAAABAAAAAAAAAAAAAAAAAA1AUAAGNoZWNrX3ppcC9kYXRhLzNQSwECAAAAAAgIAAAAAAAAS7xdagQA"
     "AAAEAAAAEAAAAAAAAAAAAAAAAABUBgAAY2hlY2tfemlwL2RhdGEvNFBLAQIAAAAACAgAAAAAAAC+I8JYAgAAAAIAAAAQAAAAAAAA"
     "AAAAAAAAANQGAABjaGVja196aXAvZGF0YS81UEsBAgAAAAAACAAAAAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAUgcAAGNo"
     "ZWNrX3ppcC9kYXRhLzZQSwECAAAAAAgIAAAAAAAA0Z5nVQIAAAACAAAAEQAAAAAAAAAAAAAAAADABwAAY2hlY2tfemlwL3ZlcnNp"
     "b25QSwYGLAAAAAAAAAAeAy0AAAAAAAAAAAAJAAAAAAAAAAkAAAAAAAAAMQIAAAAAAAASCAAAAAAAAFBLBgcAAAAAQwoAAAAAAAAB"
     "AAAAUEsFBgAAAAAJAAkAMQIAABIIAAAAAA=="},
    {"checkpoint legacy",
     "gAKKCmz8nEb5IGqoUBkugAJN6QMugAJ9cQAoWBAAAABwcm90b2NvbF92ZXJzaW9ucQFN6QNYDQAAAGxpdHRsZV9lbmRpYW5xAohY"
     "CgAAAHR5cGVfc2l6ZXNxA31xBChYBQAAAHNob3J0cQVLAlgDAAAAaW50cQZLBFgEAAAAbG9uZ3EHSwR1dS6AAn1xAChYBQAAAGVw"
     "b2NocQFLA1gCAAAAbHJxAkc/uZmZmZmZmlgEAAAAYmVzdHEDTlgEAAAAZG9uZXEEiFgFAAAAbW9kZWxxBWNjb2xsZWN0aW9ucwpP"
     "cmRlcmVkRGljdApxBilScQcoWAgAAABtb2R1bGUudHEIY3RvcmNoLl91dGlscwpfcmVidWlsZF90ZW5zb3JfdjIKcQkoKFgHAAAA"
     "c3RvcmFnZXEKY3RvcmNoCkRvdWJsZVN0b3JhZ2UKcQtYCQAAADkxMjI3MDk0NHEMWAMAAABjcHVxDUsMTnRxDlFLAEsESwOGcQ9L"
     "AUsEhnEQiWgGKVJxEXRxElJxE1gKAAAAbW9kdWxlLnJvd3EUaAkoKGgKaAtYCQAAADkxMjI3MDk0NHEVaA1LDE50cRZRSwRLBIVx"
     "F0sBhXEYiWgGKVJxGXRxGlJxG1gLAAAAbW9kdWxlLmhhbGZxHGgJKChoCmN0b3JjaApIYWxmU3RvcmFnZQpxHVgJAAAAODQ1Njg2"
     "Mzg0cR5oDUsCTnRxH1FLAEsChXEgSwGFcSGJaAYpUnEidHEjUnEkWAkAAABtb2R1bGUuYmZxJWgJKChoCmN0b3JjaApCRmxvYXQx"
     "NlN0b3JhZ2UKcSZYCQAAADg0NTY4NzA0MHEnaA1LAk50cShRSwBLAoVxKUsBhXEqiWgGKVJxK3RxLFJxLVgIAAAAbW9kdWxlLmVx"
     "LmgJKChoCmN0b3JjaApGbG9hdFN0b3JhZ2UKcS9YCQAAADg0NTY4NzY5NnEwaA1LAU50cTFRSwBLAksChnEySwBLAIZxM4loBilS"
     "cTR0cTVScTZYCAAAAG1vZHVsZS5wcTdjdG9yY2guX3V0aWxzCl9yZWJ1aWxkX3BhcmFtZXRlcgpxOGgJKChoCmgvWAkAAAA5MTIy"
     "NzE4NDBxOWgNSwFOdHE6UUsASwGFcTtLAYVxPIloBilScT10cT5ScT+IaAYpUnFAh3FBUnFCWAsAAABtb2R1bGUuZmxhZ3FDaAko"
     "KGgKY3RvcmNoCkJvb2xTdG9yYWdlCnFEWAkAAAA5MTIyNzU2MzJxRWgNSwJOdHFGUUsASwKFcUdLAYVxSIloBilScUl0cUpScUtY"
     "CAAAAG1vZHVsZS56cUxoCSgoaApoL1gJAAAAOTEyMjc1ODU2cU1oDUsATnRxTlFLAEsASwOGcU9LA0sBhnFQiWgGKVJxUXRxUlJx"
     "U3VYBAAAAGhpc3RxVF1xVShLAUdABAAAAAAAAEr9////igYAAAAAAAFLAUsChnFWfXFXWAEAAAB4cVhYAQAAAHlxWXNlWAUAAABz"
     "aGFwZXFaY3RvcmNoClNpemUKcVtLAUsChnFchXFdUnFeWAUAAABkdHlwZXFfY3RvcmNoCmZsb2F0MTYKcWB1LoACXXEAKFgJAAAA"
     "ODQ1Njg2Mzg0cQFYCQAAADg0NTY4NzA0MHECWAkAAAA4NDU2ODc2OTZxA1gJAAAAOTEyMjcwOTQ0cQRYCQAAADkxMjI3MTg0MHEF"
     "WAkAAAA5MTIyNzU2MzJxBlgJAAAAOTEyMjc1ODU2cQdlLgIAAAAAAAAAAD4AwAIAAAAAAAAAwD8AwAEAAAAAAAAAAABAQAwAAAAA"
     "AAAAAAAAAAAAAAAAAAAAAADwPwAAAAAAAABAAAAAAAAACEAAAAAAAAAQQAAAAAAAABRAAAAAAAAAGEAAAAAAAAAcQAAAAAAAACBA"
     "AAAAAAAAIkAAAAAAAAAkQAAAAAAAACZAAQAAAAAAAAAAABBBAgAAAAAAAAABAAAAAAAAAAAA"},
};

std::string bytesOf(std::uint64_t value, std::size_t count) {
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i, value >>= 8)
        bytes += static_cast<char>(value);
    return bytes;
}

std::string numbers(const std::vector<std::int64_t>& values) {
    std::string text;
    for (const auto value : values)
        text += pickled::integer(value);
    return pickled::tuple(text);
}

} // namespace

std::string torchSample(const std::string& name) {
    for (const auto& sample : kSamples)
        if (name == sample.name) return QByteArray::fromBase64(sample.base64).toStdString();
    throw std::logic_error("no sample " + name);
}

namespace pickled {

std::string text(const std::string& value) {
    return "X" + bytesOf(value.size(), 4) + value;
}

std::string integer(std::int64_t value) {
    return "\x8a\x08" + bytesOf(static_cast<std::uint64_t>(value), 8);
}

std::string tuple(const std::string& items) {
    return "(" + items + "t";
}

std::string name(const std::string& module, const std::string& function) {
    return "c" + module + "\n" + function + "\n";
}

std::string call(const std::string& module, const std::string& function, const std::string& arguments) {
    return name(module, function) + tuple(arguments) + "R";
}

std::string storage(const std::string& type, const std::string& key, std::int64_t elements,
                    const std::string& view) {
    return tuple(text("storage") + name("torch", type) + text(key) + text("cpu") + integer(elements) + view) +
           "Q";
}

std::string tensor(const std::string& storage, std::int64_t offset, const std::vector<std::int64_t>& sizes,
                   const std::vector<std::int64_t>& strides) {
    return call("torch._utils", "_rebuild_tensor_v2",
                storage + integer(offset) + numbers(sizes) + numbers(strides) + "\x89" +
                    call("collections", "OrderedDict", ""));
}

std::string dictionary(const std::vector<std::pair<std::string, std::string>>& items) {
    std::string body = "}(";
    for (const auto& [key, value] : items)
        body += text(key) + value;
    return body + "u";
}

std::string whole(const std::string& value) {
    return "\x80\x02" + value + ".";
}

} // namespace pickled

std::string legacyFile(const std::string& object, const std::vector<LegacyStorage>& storages) {
    using namespace pickled;
    const std::string magic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    std::string keys = "](";
    std::string data;
    for (const auto& storage : storages) {
        keys += text(storage.key);
        data += bytesOf(storage.elements, 8) + storage.data;
    }
    return whole(magic) + whole(integer(1001)) + whole(dictionary({{"little_endian", "\x88"}})) +
           whole(object) + whole(keys + "e") + data;
}

std::string zipFile(const std::vector<ZipEntry>& entries) {
    std::string file;
    std::string directory;
    for (const auto& entry : entries) {
        const std::uint64_t headerAt = entry.headerAt.value_or(file.size());
        const std::uint64_t size = entry.size.value_or(entry.data.size());
        const std::string common = bytesOf(entry.flags, 2) + bytesOf(entry.method, 2) + bytesOf(0, 4) +
                                   bytesOf(entry.checksum, 4) + bytesOf(size, 4) + bytesOf(size, 4) +
                                   bytesOf(entry.name.size(), 2) + bytesOf(0, 2);
        file += "PK\x03\x04" + bytesOf(20, 2) + common + entry.name + entry.data;
        directory += "PK\x01\x02" + bytesOf(20, 2) + bytesOf(20, 2) + common + bytesOf(0, 10) +
                     bytesOf(headerAt, 4) + entry.name;
    }
    return file + directory + "PK\x05\x06" + bytesOf(0, 4) + bytesOf(entries.size(), 2) +
           bytesOf(entries.size(), 2) + bytesOf(directory.size(), 4) + bytesOf(file.size(), 4) +
           bytesOf(0, 2);
}

std::string floats(const std::vector<float>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

} // namespace quantarium::testing
