// SPDX-License-Identifier: GPL-3.0-or-later
#include <limits>

#include <QTest>

#include "core/base/error.h"
#include "core/nn/pickle.h"
#include "tests/nn/torch_samples.h"

using namespace quantarium;
using namespace quantarium::nn;
using namespace quantarium::testing;
using namespace quantarium::testing::pickled;

namespace {

using Kind = PickleValue::Kind;

Pickle read(const std::string& bytes) {
    std::size_t position = 0;
    return Pickle::read(bytes, position,
                        {"file", [](const std::string& name) { return name == "good.call"; }});
}

/// The refusal's text; empty when the pickle is read. Its place is always named.
std::string refusal(const std::string& bytes) {
    try {
        read(bytes);
        return {};
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Data || !error.where().starts_with("file, byte ") ||
            error.remedy().empty())
            return std::string("unexpected: ") + error.what();
        return error.problem();
    }
}

std::string repeated(const std::string& text, int count) {
    std::string result;
    for (int i = 0; i < count; ++i)
        result += text;
    return result;
}

/// Something of everything that is read.
std::string sampleBody() {
    return whole(dictionary({{"call", call("good", "call", integer(1) + tuple("K\x02M\x03\x04"))},
                             {"ordered", call("collections", "OrderedDict", "") + "(" + text("a") + "Nu"},
                             {"list", "](I12\nI00\n\x88\x89U\x01xe"},
                             {"stored", text("key") + "Q"},
                             {"real", std::string("G\x3f\xf0\0\0\0\0\0\0", 9)}}));
}

} // namespace

/// The stack machine on pickles made by hand, legal and hostile.
class TestPickle : public QObject {
    Q_OBJECT

private slots:
    void numbersAreRead_data();
    void numbersAreRead();
    void containersAreRead();
    void callsAreKeptNotMade();
    void dictionariesOfBothPythonsAreRead();
    void sharedAndCyclicValuesAreRead();
    void stopsBehindItsEnd();
    void refusals_data();
    void refusals();
    void whatItWantsToRunIsNamed_data();
    void whatItWantsToRunIsNamed();
    void hugeCountsTakeNoMemory_data();
    void hugeCountsTakeNoMemory();
    void manyValuesAreRefused();
    void everyTruncationIsRefused();
    void randomBytesNeverCrash();
};

void TestPickle::numbersAreRead_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<qint64>("expected");
    const auto add = [](const char* name, const QByteArray& bytes, qint64 expected) {
        QTest::newRow(name) << bytes << expected;
    };
    add("1 byte", QByteArray("K\xff", 2), 255);
    add("2 bytes", QByteArray("M\x01\x80", 3), 0x8001);
    add("4 bytes", QByteArray("J\xfe\xff\xff\xff", 5), -2);
    add("long, empty", QByteArray("\x8a\x00", 2), 0);
    add("long, -1", QByteArray("\x8a\x01\xff", 3), -1);
    add("long, 255", QByteArray("\x8a\x02\xff\x00", 4), 255);
    add("long, smallest", QByteArray("\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80", 10),
        std::numeric_limits<qint64>::min());
    add("long with 4 bytes of length", QByteArray("\x8b\x02\x00\x00\x00\x00\x01", 7), 256);
    add("line", QByteArray("I-12345678901\n"), -12345678901);
}

void TestPickle::numbersAreRead() {
    QFETCH(QByteArray, bytes);
    QFETCH(qint64, expected);
    const auto pickle = read(whole(bytes.toStdString()));
    QVERIFY(pickle.root().kind == Kind::Integer);
    QCOMPARE(pickle.root().integer, expected);
}

void TestPickle::containersAreRead() {
    const auto pickle = read(whole("}(" + text("list") +
                                   "](K\x01NI01\n\x89"
                                   "e" +
                                   text("tuple") +
                                   "K\x02"
                                   "K\x03\x86" +
                                   text("real") + std::string("G\x3f\xe0\0\0\0\0\0\0", 9) + text("list") +
                                   "]"
                                   "U\x03"
                                   "abca"
                                   "u"));
    const auto* list = pickle.find(pickle.root(), "list");
    QVERIFY(list != nullptr && list->kind == Kind::List);
    QCOMPARE(list->parts.size(), std::size_t{1}); // the later one counts
    QCOMPARE(pickle.part(*list, 0).text, std::string("abc"));
    const auto& first = pickle.part(pickle.root(), 1);
    QCOMPARE(first.parts.size(), std::size_t{4});
    QVERIFY(pickle.part(first, 1).kind == Kind::None);
    QVERIFY(pickle.part(first, 2).kind == Kind::Boolean && pickle.part(first, 2).integer == 1);
    QVERIFY(pickle.part(first, 3).kind == Kind::Boolean && pickle.part(first, 3).integer == 0);
    const auto* tuple = pickle.find(pickle.root(), "tuple");
    QVERIFY(tuple != nullptr && tuple->kind == Kind::Tuple && tuple->parts.size() == 2);
    QCOMPARE(pickle.part(*tuple, 1).integer, 3);
    QVERIFY(pickle.find(pickle.root(), "real")->kind == Kind::Real);
    QVERIFY(pickle.find(pickle.root(), "none") == nullptr);
}

void TestPickle::callsAreKeptNotMade() {
    const auto pickle = read(whole(call("good", "call", "K\x05")));
    QVERIFY(pickle.root().kind == Kind::Call);
    QCOMPARE(pickle.root().text, std::string("good.call"));
    QCOMPARE(pickle.part(pickle.part(pickle.root(), 0), 0).integer, 5);
    const auto byStack = read("\x80\x04\x8c\x04good\x8c\x04"
                              "call\x93)\x81.");
    QVERIFY(byStack.root().kind == Kind::Call);
    QVERIFY(byStack.root().text == "good.call" && byStack.part(byStack.root(), 0).parts.empty());
    const auto stored = read(whole("K\x07Q"));
    QVERIFY(stored.root().kind == Kind::Persistent && stored.part(stored.root(), 0).integer == 7);
}

void TestPickle::dictionariesOfBothPythonsAreRead() {
    const std::string item = text("a") + "K\x01";
    const std::string ordered = call("collections", "OrderedDict", "");
    for (const std::string& body :
         {ordered + "(" + item + "u", ordered + item + "s}(" + text("_metadata") + "}ub",
          call("collections", "OrderedDict", "](](" + item + "ee"),
          call("collections", "OrderedDict", "](" + tuple(item) + "e"), "(" + item + "d"}) {
        const auto pickle = read(whole(body));
        QVERIFY(pickle.root().kind == Kind::Dictionary);
        QCOMPARE(pickle.root().parts.size(), std::size_t{2});
        QCOMPARE(pickle.find(pickle.root(), "a")->integer, 1);
    }
}

void TestPickle::sharedAndCyclicValuesAreRead() {
    const auto cyclic = read(whole("]q\x05h\x05" + std::string("a")));
    QVERIFY(cyclic.root().kind == Kind::List);
    QVERIFY(&cyclic.part(cyclic.root(), 0) == &cyclic.root());
    const auto shared = read(whole(std::string("]\x94\x32h\x00\x87", 6)));
    QVERIFY(shared.root().kind == Kind::Tuple);
    QVERIFY(&shared.part(shared.root(), 0) == &shared.part(shared.root(), 2));
}

void TestPickle::stopsBehindItsEnd() {
    const std::string bytes = "rest" + whole("K\x01") + whole("K\x02") + "more";
    std::size_t position = 4;
    const PickleRules rules{"file", [](const std::string&) { return false; }};
    QCOMPARE(Pickle::read(bytes, position, rules).root().integer, 1);
    QCOMPARE(Pickle::read(bytes, position, rules).root().integer, 2);
    QCOMPARE(position, bytes.size() - 4);
}

void TestPickle::refusals_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("expected");
    const auto add = [](const char* name, const std::string& body, const char* expected) {
        QTest::newRow(name) << QByteArray::fromStdString(whole(body)) << QString(expected);
    };
    add("nothing", "", "the stack has no value left");
    add("two values", "NN", "more than one value is left");
    add("open mark", "N(", "the stack has no value left");
    add("unknown opcode", "\xff", "the opcode 0xff");
    add("opcode of protocol 0", "S'a'\n", "the opcode 0x53");
    add("set", "\x8f", "the opcode 0x8f");
    add("extension registry", "\x82\x01", "the opcode 0x82");
    add("out-of-band buffer", "\x97", "the opcode 0x97");
    add("protocol 0", std::string("\x80\x00", 2) + "N", "the pickle protocol is 0");
    add("protocol 6", "\x80\x06N", "the pickle protocol is 6");
    add("memo out of range", "h\x07", "nothing was remembered as 7");
    add("memo far out of range", "Nq\x01j\xff\xff\xff\xff", "nothing was remembered as 4294967295");
    add("remembering nothing", "q\x01", "the stack has no value left");
    add("remembering below a mark", "N(q\x01", "the stack has no value left");
    add("no mark", "Nt", "the stack has no mark");
    add("tuple of too few", "N\x87", "the stack should have 3 values; it has 1");
    add("appending to a tuple", ")Na", "values are appended to a tuple");
    add("items of a list", "](K\x01K\x02u", "items are put into a list");
    add("key without value", "}(K\x01u", "a key has no value");
    add("line without end", "I12", "the pickle ends within a line");
    add("line without number", "I1x\n", "\"1x\" is no whole number");
    add("line with a huge number", "I99999999999999999999\n", "is no whole number");
    add("calling a text", text("a") + ")R", "the file wants to call a text");
    add("calling a call", name("good", "call") + ")R)R", "the file wants to call what good.call makes");
    add("arguments in a list", name("good", "call") + "]R", "the arguments of a call are no tuple");
    add("attributes of a call", name("good", "call") + ")R}b",
        "the file wants to set attributes of what good.call");
    add("attributes that are a text", "}" + text("a") + "b",
        "the file wants to set attributes of a dictionary");
    add("function named by numbers", "K\x01K\x02\x93", "a function is named by a number and a number");
    add("dictionary of numbers",
        call("collections", "OrderedDict",
             "](K\x01"
             "e"),
        "something else than pairs");
    add("dictionary of a number", call("collections", "OrderedDict", "K\x01"), "is not made of one list");
    add("nested too deeply", repeated("(", 2000), "nested deeper than 1000 levels");
    add("frame longer than the file", std::string("\x95\xff\xff\xff\xff\xff\xff\xff\xff", 9),
        "a frame should have");
}

void TestPickle::refusals() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, expected);
    const auto problem = refusal(bytes.toStdString());
    QVERIFY2(QString::fromStdString(problem).contains(expected), problem.c_str());
}

void TestPickle::whatItWantsToRunIsNamed_data() {
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QString>("name");
    const auto add = [](const char* row, const std::string& body, const char* name) {
        QTest::newRow(row) << QByteArray::fromStdString(body) << QString(name);
    };
    add("reduce", call("os", "system", text("true")), "os.system");
    add("only named", name("builtins", "eval"), "builtins.eval");
    add("by stack", text("posix") + text("system") + "\x93", "posix.system");
    add("new object", name("torch.nn.modules.conv", "Conv2d") + ")\x81", "torch.nn.modules.conv.Conv2d");
    add("instance", "(ios\nsystem\n", "os.system");
    add("attribute of what is allowed", text("good") + text("call.__globals__") + "\x93",
        "good.call.__globals__");
    add("hidden by control characters", name("os\x1b[2J", "sys\xfftem"), "os?[2J.sys?tem");
    add("very long", name(std::string(5000, 'a'), "b"), (std::string(80, 'a') + "…").c_str());
}

void TestPickle::whatItWantsToRunIsNamed() {
    QFETCH(QByteArray, body);
    QFETCH(QString, name);
    QCOMPARE(QString::fromStdString(refusal(whole(body.toStdString()))),
             "the file wants to run \"" + name + "\"");
}

void TestPickle::hugeCountsTakeNoMemory_data() {
    QTest::addColumn<QByteArray>("body");
    const std::string most(8, '\xff');
    for (const char* opcode : {"T", "X", "B", "\x8b"})
        QTest::addRow("0x%02x", static_cast<unsigned char>(*opcode))
            << QByteArray::fromStdString(opcode + most.substr(0, 4));
    for (const char* opcode : {"\x8d", "\x8e"}) {
        QTest::addRow("0x%02x", static_cast<unsigned char>(*opcode))
            << QByteArray::fromStdString(opcode + most);
        QTest::addRow("0x%02x, 2^63", static_cast<unsigned char>(*opcode))
            << QByteArray::fromStdString(opcode + std::string(7, '\0') + "\x80");
    }
}

void TestPickle::hugeCountsTakeNoMemory() {
    QFETCH(QByteArray, body);
    const auto problem = refusal(whole(body.toStdString()));
    QVERIFY2(problem.starts_with("the pickle needs "), problem.c_str());
}

void TestPickle::manyValuesAreRefused() {
    QVERIFY(refusal(whole("(" + repeated("]", 2'000'001) + "t")).find("more than 2 million values") !=
            std::string::npos);
    const std::string pairs = "](" + repeated(tuple("NN"), 3000) + "e\x94";
    const std::string again = name("collections", "OrderedDict") + std::string("h\x00\x85R", 4);
    QVERIFY(refusal(whole("(" + pairs + repeated(again, 1000) + "t")).find("more than 2 million pairs") !=
            std::string::npos);
}

void TestPickle::everyTruncationIsRefused() {
    const std::string bytes = sampleBody();
    QCOMPARE(refusal(bytes), std::string());
    for (std::size_t length = 0; length < bytes.size(); ++length)
        QVERIFY2(!refusal(bytes.substr(0, length)).empty(), std::to_string(length).c_str());
}

void TestPickle::randomBytesNeverCrash() {
    const std::string bytes = sampleBody();
    std::uint32_t state = 1;
    const auto next = [&state] { return state = state * 1664525u + 1013904223u; };
    int refused = 0;
    for (int i = 0; i < 5000; ++i) {
        std::string other = bytes;
        for (int change = 0; change < 1 + i % 4; ++change)
            other[(next() >> 8) % other.size()] = static_cast<char>(next() >> 16);
        const auto problem = refusal(other);
        QVERIFY2(!problem.starts_with("unexpected"), problem.c_str());
        refused += problem.empty() ? 0 : 1;
    }
    QVERIFY(refused > 1000);
}

QTEST_GUILESS_MAIN(TestPickle)
#include "tst_pickle.moc"
