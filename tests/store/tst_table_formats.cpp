// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/store/export.h"

using namespace quantarium;
using namespace quantarium::store;

namespace {

/// Every kind of cell, and texts that each format has to escape.
ResultTable sample() {
    ResultTable table;
    table.columns = {{"name", "Name", ""},
                     {"top1", "Top-1", "%", 2},
                     {"peak", "Peak", "B"},
                     {"free", "Free", ""},
                     {"config", "Config", "", -1, true},
                     {"empty", "Empty", ""},
                     {"bits", "Bits", ""},
                     {"net", "Net", ""}};
    const Json mean = {{"mean", 87.654321}, {"std", 0.1}, {"n", 3}};
    const Json single = {{"mean", 90.0}, {"std", nullptr}, {"n", 1}};
    table.rows = {{"a,\"b\"\n_c|&%", mean, 1048576.0, true, {{"k", 1}}, nullptr, 3, "mlp"},
                  {"τ·±", single, 2048, false, {{"k", 2}}, nullptr, 32, "mlp"},
                  {"", nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, "mlp"}};
    table.notes = {"Note: 95 % & more."};
    return table;
}

void compareLines(const std::string& actual, const std::vector<std::string>& expected) {
    std::string whole;
    for (const auto& line : expected)
        whole += line;
    QCOMPARE(QString::fromStdString(actual), QString::fromStdString(whole));
}

} // namespace

class TestTableFormats : public QObject {
    Q_OBJECT

private slots:
    void csv() {
        compareLines(toCsv(sample()),
                     {"name,top1,top1_std,top1_n,peak,free,config,empty,bits,net\r\n",
                      "\"a,\"\"b\"\"\n_c|&%\",87.654321,0.1,3,1048576.0,true,\"{\"\"k\"\":1}\",,3,mlp\r\n",
                      "τ·±,90.0,,1,2048,false,\"{\"\"k\"\":2}\",,32,mlp\r\n", ",,,,,,,,,mlp\r\n"});
    }

    void csvHasFullPrecision() {
        ResultTable table;
        table.columns = {{"x", "X", "", 2}};
        const std::vector<double> values{0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, 100};
        for (const double value : values)
            table.rows.push_back({value});
        table.rows.push_back({numberToJson(-1.0 / 0.0)});
        const auto lines = QString::fromStdString(toCsv(table)).split("\r\n");
        for (std::size_t i = 0; i < values.size(); ++i)
            QCOMPARE(lines[static_cast<int>(i) + 1].toDouble(), values[i]);
        QCOMPARE(lines[6], QString("-inf"));
    }

    void tsv() {
        compareLines(toTsv(sample()),
                     {"name\ttop1\ttop1_std\ttop1_n\tpeak\tfree\tconfig\tempty\tbits\tnet\n",
                      "a,\"b\" _c|&%\t87.654321\t0.1\t3\t1048576.0\ttrue\t{\"k\":1}\t\t3\tmlp\n",
                      "τ·±\t90.0\t\t1\t2048\tfalse\t{\"k\":2}\t\t32\tmlp\n", "\t\t\t\t\t\t\t\t\tmlp\n"});
    }

    void json() {
        const Json document = parseJson(toJsonText(sample()), "test");
        QCOMPARE(document.at("rows").size(), 3u);
        QVERIFY(document.at("rows")[0].at("top1") == Json({{"mean", 87.654321}, {"std", 0.1}, {"n", 3}}));
        QVERIFY(document.at("rows")[0].at("name") == "a,\"b\"\n_c|&%");
        QVERIFY(document.at("rows")[2].at("peak").is_null());
        QVERIFY(document.at("columns")[1] == Json({{"key", "top1"}, {"title", "Top-1"}, {"unit", "%"}}));
        QVERIFY(document.at("notes") == Json({"Note: 95 % & more."}));
    }

    void markdown() {
        compareLines(toMarkdown(sample()),
                     {"| Name | Top-1 [%] | Peak | Free | Bits | Net |\n",
                      "| --- | ---: | ---: | --- | ---: | --- |\n",
                      "| a,\"b\" \\_c\\|&% | 87.65 ± 0.10 | 1.0 MiB | yes | 3 | mlp |\n",
                      "| τ·± | 90.00 | 2.0 KiB | no | 32 | mlp |\n", "|  | – | – | – | – | mlp |\n",
                      "\nNote: 95 % & more.\n"});
    }

    void latex() {
        compareLines(toLatex(sample()),
                     {"% \\usepackage{booktabs}\n", "\\begin{tabular}{lrrlrl}\n", "\\toprule\n",
                      "Name & Top-1 [\\%] & Peak & Free & Bits & Net \\\\\n", "\\midrule\n",
                      "a,\"b\" \\_c|\\&\\% & 87.65 $\\pm$ 0.10 & 1.0 MiB & yes & 3 & mlp \\\\\n",
                      "$\\tau$$\\cdot$$\\pm$ & 90.00 & 2.0 KiB & no & 32 & mlp \\\\\n",
                      " & -- & -- & -- & -- & mlp \\\\\n", "\\bottomrule\n", "\\end{tabular}\n",
                      "\n{\\footnotesize Note: 95 \\% \\& more.}\n"});
    }

    void latexEscapesEverySpecialCharacter() {
        ResultTable table;
        table.columns = {{"x", "X", ""}};
        table.rows = {{"\\{}$&#^_~%"}};
        const auto text = toLatex(table);
        QVERIFY2(text.find("\\textbackslash{}\\{\\}\\$\\&\\#\\textasciicircum{}\\_\\textasciitilde{}\\%") !=
                     std::string::npos,
                 text.c_str());
    }

    /// What all rows share stands above; the rest is aligned, numbers to the right.
    void text() {
        compareLines(toText(sample()),
                     {"In all rows: Net mlp\n\n", "Name            Top-1 [%]     Peak  Free  Bits\n",
                      "───────────  ────────────  ───────  ────  ────\n",
                      "a,\"b\" _c|&%  87.65 ± 0.10  1.0 MiB  yes      3\n",
                      "τ·±                 90.00  2.0 KiB  no      32\n",
                      "                        –        –  –        –\n", "\nNote: 95 % & more.\n"});
    }

    void textOfOneRowShowsEverything() {
        auto table = sample();
        table.rows.resize(1);
        const auto text = toText(table);
        QVERIFY2(text.find("Net\n") != std::string::npos && text.find("In all rows") == std::string::npos,
                 text.c_str());
    }
};

QTEST_GUILESS_MAIN(TestTableFormats)
#include "tst_table_formats.moc"
