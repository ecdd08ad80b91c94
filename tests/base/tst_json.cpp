// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <bit>
#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/random.h"

using namespace quantarium;

class TestJson : public QObject {
    Q_OBJECT
private slots:
    void numbersComeBackBitForBit();
    void integersStayExact();
    void nonFiniteNumbersAreWords();
    void refuses_data();
    void refuses();
    void namesThePlace();
    void hashDependsOnContentNotOrder();
};

void TestJson::numbersComeBackBitForBit() {
    RandomStream random(7);
    for (int i = 0; i < 20000; ++i) {
        const double value = std::bit_cast<double>(random.next());
        if (!std::isfinite(value)) continue;
        const double back = parseJson(dumpJson(Json(value)), "test").get<double>();
        QCOMPARE(std::bit_cast<std::uint64_t>(back), std::bit_cast<std::uint64_t>(value));
    }
}

void TestJson::integersStayExact() {
    const Json document{{"largest", std::numeric_limits<std::uint64_t>::max()},
                        {"smallest", std::numeric_limits<std::int64_t>::min()}};
    QVERIFY(parseJson(dumpJson(document), "test") == document);
}

void TestJson::nonFiniteNumbersAreWords() {
    for (const double value :
         {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()})
        QCOMPARE(numberFromJson(parseJson(dumpJson(numberToJson(value)), "test"), "test"), value);
    QVERIFY(std::isnan(numberFromJson(numberToJson(std::nan("")), "test")));
    QVERIFY_THROWS_EXCEPTION(Error, numberFromJson("infinite", "test"));
}

void TestJson::refuses_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("says");
    QTest::newRow("empty") << QByteArray() << "line 1";
    QTest::newRow("cut") << QByteArray(R"({"a": [1, 2)") << "not valid JSON";
    QTest::newRow("twice the same key") << QByteArray(R"({"a": 1, "a": 2})") << "\"a\" appears twice";
    QTest::newRow("something behind") << QByteArray("{} {}") << "not valid JSON";
    QTest::newRow("too deep") << QByteArray(2000, '[') + QByteArray(2000, ']') << "deeper than 64";
    QTest::newRow("no UTF-8") << QByteArray("\"\xff\xfe\"") << "not valid JSON";
    QTest::newRow("a number too large") << QByteArray("1e999") << "not valid JSON";
}

void TestJson::refuses() {
    QFETCH(QByteArray, text);
    QFETCH(QString, says);
    try {
        (void)parseJson(text.toStdString(), "here.json");
        QFAIL("accepted");
    } catch (const Error& error) {
        QVERIFY2(QString(error.what()).contains(says), error.what());
        QVERIFY2(QString(error.what()).startsWith("here.json: "), error.what());
    }
}

void TestJson::namesThePlace() {
    try {
        (void)parseJson("{\n  \"a\": 1,\n  \"b\": oops\n}", "x");
        QFAIL("accepted");
    } catch (const Error& error) {
        QVERIFY2(QString(error.what()).contains("line 3, column 8"), error.what());
    }
}

void TestJson::hashDependsOnContentNotOrder() {
    QCOMPARE(hashJson(parseJson(R"({"a": 1, "b": 2})", "")), hashJson(parseJson(R"({"b": 2, "a": 1})", "")));
    QVERIFY(hashJson(parseJson(R"({"a": 1})", "")) != hashJson(parseJson(R"({"a": 2})", "")));
    QCOMPARE(hashJson(Json()).size(), std::size_t{16});
}

QTEST_GUILESS_MAIN(TestJson)
#include "tst_json.moc"
