// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/base/error.h"
#include "core/base/options.h"
#include "core/base/registry.h"

using namespace quantarium;

class TestOptions : public QObject {
    Q_OBJECT
private slots:
    void fillsInDefaults();
    void refuses_data();
    void refuses();
    void wholeNumbersMayBeWrittenAsReals();
    void nullIsAValueOnlyWhereAllowed();
    void optionsThatDoNotApplyAreRefused();
    void registryNamesTheNearest();
};

namespace {

std::vector<OptionSpec> specs() {
    return {OptionSpec::integer("bits", "Bits", 5, 2, 9, "", "bits"),
            OptionSpec::real("lr", "Rate", 0.1, 0.0, 10.0, ""),
            OptionSpec::choice("mode", "Mode", "cap", {"cap", "fixed"}, ""),
            OptionSpec::boolean("flip", "Flip", true, ""),
            OptionSpec::realList("portions", "Portions", {0.5, 1.0}, 0.0, 1.0, ""),
            OptionSpec::real("clip", "Clip", 1.0, 0.0, 5.0, "").orNull(),
            OptionSpec::real("limit", "Limit", 4.0, 0.0, 100.0, "").when("mode", {"fixed"})};
}

} // namespace

void TestOptions::fillsInDefaults() {
    const auto options = Options::validated(specs(), {{"bits", 3}}, "weights.options");
    QCOMPARE(options.integer("bits"), 3);
    QCOMPARE(options.real("lr"), 0.1);
    QCOMPARE(options.text("mode"), std::string("cap"));
    QVERIFY(options.isNull("clip"));
    QCOMPARE(options.reals("portions").size(), std::size_t{2});
    QVERIFY_THROWS_EXCEPTION(std::logic_error, options.real("absent"));
}

void TestOptions::refuses_data() {
    QTest::addColumn<QString>("given");
    QTest::addColumn<QString>("where");
    QTest::addColumn<QString>("says");
    QTest::newRow("unknown") << R"({"bit": 3})"
                             << "p.bit"
                             << "Did you mean \"bits\"";
    QTest::newRow("outside") << R"({"bits": 12})"
                             << "p.bits"
                             << "12 is outside 2 … 9";
    QTest::newRow("fraction") << R"({"bits": 2.5})"
                              << "p.bits"
                              << "whole number";
    QTest::newRow("type") << R"({"lr": "fast"})"
                          << "p.lr"
                          << "not a number";
    QTest::newRow("choice") << R"({"mode": "fix"})"
                            << "p.mode"
                            << "one of cap, fixed";
    QTest::newRow("boolean") << R"({"flip": 1})"
                             << "p.flip"
                             << "neither true nor false";
    QTest::newRow("list item") << R"({"portions": [0.5, 1.5]})"
                               << "p.portions"
                               << "1.5 is outside";
    QTest::newRow("null") << R"({"lr": null})"
                          << "p.lr"
                          << "null is not allowed";
    QTest::newRow("no object") << "[1]"
                               << "p"
                               << "not an object";
}

void TestOptions::refuses() {
    QFETCH(QString, given);
    QFETCH(QString, where);
    QFETCH(QString, says);
    try {
        (void)Options::validated(specs(), Json::parse(given.toStdString()), "p");
        QFAIL("accepted");
    } catch (const Error& error) {
        QCOMPARE(QString::fromStdString(error.where()), where);
        QVERIFY2(QString(error.what()).contains(says), error.what());
        QVERIFY2(QString(error.what()).count(says) == 1, "said twice");
    }
}

void TestOptions::wholeNumbersMayBeWrittenAsReals() {
    const auto options = Options::validated(specs(), {{"bits", 4.0}, {"lr", 1}}, "p");
    QVERIFY(options.json().at("bits").is_number_integer());
    QVERIFY(options.json().at("lr").is_number_float());
}

void TestOptions::nullIsAValueOnlyWhereAllowed() {
    QVERIFY(!Options::validated(specs(), {{"clip", nullptr}}, "p").optionalReal("clip").has_value());
    QCOMPARE(*Options::validated(specs(), {{"clip", 2.0}}, "p").optionalReal("clip"), 2.0);
}

void TestOptions::optionsThatDoNotApplyAreRefused() {
    QCOMPARE(Options::validated(specs(), {{"mode", "fixed"}, {"limit", 8.0}}, "p").real("limit"), 8.0);
    QVERIFY_THROWS_EXCEPTION(Error, Options::validated(specs(), {{"mode", "cap"}, {"limit", 8.0}}, "p"));
    QCOMPARE(Options::validated(specs(), {{"mode", "cap"}, {"limit", 4.0}}, "p").real("limit"),
             4.0); // the default says nothing
}

void TestOptions::registryNamesTheNearest() {
    struct Entry {
        EntrySchema schema;
    };
    const Registry<Entry> registry("network", {{{"resnet20", "", "", "", {}}}, {{"lenet5", "", "", "", {}}}});
    QVERIFY(registry.find("lenet5") != nullptr);
    QVERIFY(registry.find("lenet") == nullptr);
    try {
        (void)registry.at("resnet2", "network.id");
        QFAIL("accepted");
    } catch (const Error& error) {
        QVERIFY2(QString(error.what()).contains("Did you mean \"resnet20\""), error.what());
    }
}

QTEST_GUILESS_MAIN(TestOptions)
#include "tst_options.moc"
