/** The reasons of the system, as `describeFileError` words them. */
const REASONS: Readonly<Record<string, string>> = {
  "permission denied": "没有权限",
  "operation not permitted": "不允许此操作",
  "the file system is read-only": "文件系统是只读的",
  "no space left on the device": "磁盘已满",
  "the disk quota is used up": "磁盘配额已用完",
  "it is a folder": "它是文件夹",
  "it is not a regular file": "它不是普通文件",
  "no such file or folder": "没有这样的文件或文件夹",
  "it exists already": "它已存在",
  "the host is not found": "找不到主机",
};

type Pattern = readonly [RegExp, (...groups: string[]) => string];

const reason = (text: string) => REASONS[text] ?? text;
const partsInChinese = (text: string) =>
  text.replace("test", "测试").replace("validation", "验证").replace(" and ", "和");
const choices = (text: string) => text.replaceAll(" or ", " 或 ").replaceAll(" nor ", "、");

/** The usual errors: what is said in English, and in Chinese with the same details. */
const PATTERNS: readonly Pattern[] = [
  // Wrong usage.
  [
    /^unknown option '(.*)'(?: \(Did you mean (.*)\?\))?$/,
    (option, meant) => `未知选项“${option}”${didYouMean(meant)}`,
  ],
  [
    /^unknown command '(.*)'(?: \(Did you mean (.*)\?\))?$/,
    (command, meant) => `未知命令“${command}”${didYouMean(meant)}`,
  ],
  [/^missing required argument '(.*)'$/, (name) => `缺少参数“${name}”`],
  [/^required option '(.*)' not specified$/, (option) => `缺少选项“${option}”`],
  [/^option '(.*)' argument missing$/, (option) => `选项“${option}”缺少值`],
  [/^option '(.*)' cannot be used with option '(.*)'$/, (one, other) => `选项“${one}”不能与选项“${other}”同时使用`],
  [/^too many arguments(?: for '(.*)')?\..*$/, () => "参数太多"],
  [
    /^option '(.*)' argument '(.*)' is invalid\. (.*)$/,
    (option, value, rule) => `选项“${option}”的值“${value}”无效。${ruleInChinese(rule)}`,
  ],
  [
    /^command-argument value '(.*)' is invalid for argument '(.*)'\. (.*)$/,
    (value, name, rule) => `参数“${name}”的值“${value}”无效。${ruleInChinese(rule)}`,
  ],
  // Files and folders.
  [/^(.*) does not exist$/, (path) => `${path} 不存在`],
  [/^cannot read the folder (.*): (.*)$/, (path, why) => `无法读取文件夹 ${path}：${reason(why)}`],
  [/^cannot read (.*): (.*)$/, (path, why) => `无法读取 ${path}：${reason(why)}`],
  [/^cannot write (.*): (.*)$/, (path, why) => `无法写入 ${path}：${reason(why)}`],
  [/^cannot create the folder (.*): (.*)$/, (path, why) => `无法创建文件夹 ${path}：${reason(why)}`],
  [
    /^(.*) already exists: choose another file with --out, or replace it with --force$/,
    (path) => `${path} 已存在：请用 --out 指定其他文件，或用 --force 覆盖`,
  ],
  [/^(.*) is not a run folder: it has no (.*)$/, (path, file) => `${path} 不是运行文件夹：其中没有 ${file}`],
  [/^(.*) is not a folder: .*$/, (path) => `${path} 不是文件夹：需要每个类别一个子文件夹的图片文件夹`],
  [/^no images in (.*)$/, (paths) => `${paths} 中没有图片`],
  [/^(\d+) of ([\d,]+) images? cannot be read$/, (bad, all) => `${all} 张图片中有 ${bad} 张无法读取`],
  // Data.
  [
    /^(.*) is missing: found neither (.*) in (.*)$/,
    (title, names, folders) => `缺少 ${title}：在 ${choices(folders)} 中找不到 ${choices(names)}`,
  ],
  [
    /^(.*) is not on this machine: looked in (.*); the download failed: (.*); (run "(.*)" or )?name a folder that holds its files with --data-dir DIR$/,
    (title, folders, why, _, command) =>
      `这台机器上没有 ${title}：找过 ${folders}；下载失败：${why}；请${command ? `运行“${command}”，或` : ""}用 --data-dir DIR 指定存放其文件的文件夹`,
  ],
  [
    /^(.*) cannot be fetched; the download failed: (.*); .*$/,
    (title, why) => `无法获取 ${title}；下载失败：${why}；请用 --data-dir DIR 指定存放其文件的文件夹`,
  ],
  [/^(.*) holds no data set: .*$/, (path) => `${path} 中没有数据集`],
  [
    /^(.*), the data of this run, does not exist: .*$/,
    (path) => `这次运行的数据 ${path} 不存在：若已移动，请用 --data DIR 指定其文件夹`,
  ],
  [
    /^(.*) was trained on other images: the checksum of (.*) has changed$/,
    (path, data) => `${path} 是用其他图片训练的：${data} 的校验和变了`,
  ],
  [
    /^(.*) has (\d+) classes, (.*) has (\d+)$/,
    (path, one, data, other) => `${path} 有 ${one} 个类别，${data} 有 ${other} 个`,
  ],
  [
    /^(.*): the classes are uneven: "(.*)" has (\d+) training images, "(.*)" only (\d+)$/,
    (path, most, many, least, few) =>
      `${path}：各类别的图片数不均：“${most}”有 ${many} 张训练图片，“${least}”只有 ${few} 张`,
  ],
  [
    /^(.*): (\d+) images? of the (.*) (?:is|are) also among the training images, such as (.*) and (.*): .*$/,
    (path, count, parts, one, other) =>
      `${path}：${count} 张${partsInChinese(parts)}图片也在训练图片中，例如 ${one} 和 ${other}：准确率会偏高`,
  ],
  [
    /^(.*): the images' sizes are very uneven, from (.*) to (.*); all are resized to (.*)$/,
    (path, smallest, largest, size) => `${path}：图片大小相差很大，从 ${smallest} 到 ${largest}；都缩放为 ${size}`,
  ],
  [
    /^the training has collapsed: the network predicts "(.*)" for all (\d+) images$/,
    (label, count) => `训练失败：网络把全部 ${count} 张图片都预测为“${label}”`,
  ],
  [
    /^the training has failed: the loss is (.*), and guessing has (.*)$/,
    (loss, chance) => `训练失败：损失为 ${loss}，而随机猜测是 ${chance}`,
  ],
  [
    /^(.*) was trained on other classes: class (\d+) is "(.*)" there, but "(.*)" in (.*)$/,
    (path, index, there, here, data) =>
      `${path} 是用其他类别训练的：类别 ${index} 在那里是“${there}”，在 ${data} 中是“${here}”`,
  ],
  // Runs.
  [
    /^(.*) is complete \((\d+) epochs?, result in (.*)\); extend it with --epochs N, N above (\d+)$/,
    (path, epochs, file, least) =>
      `${path} 已完成（${epochs} 轮，结果在 ${file} 中）；要延长它，请用 --epochs N，N 大于 ${least}`,
  ],
  [
    /^(.*) is not finished, and only a finished run can be extended: .*$/,
    (path) => `${path} 尚未完成，只有完成的运行才能延长：请先不带 --epochs 继续训练`,
  ],
  [/^(.*) has no finished epoch to plot$/, (path) => `${path} 还没有完成任何一轮，画不出曲线`],
  [/^nobody can be asked here: confirm with --yes$/, () => "这里无法询问：请用 --yes 确认"],
  [/^interrupted$/, () => "已中断"],
  [
    /^interrupted after (\d+) of ([\d,]+) runs?; resume with: (.*)$/,
    (done, runs, command) => `已中断，${runs} 次运行中已完成 ${done} 次；继续：${command}`,
  ],
  [
    /^interrupted; the partial download is kept, resume with: (.*)$/,
    (command) => `已中断；已下载的部分会保留，继续下载：${command}`,
  ],
  [
    /^(\d+) of ([\d,]+) runs? failed, see the reasons above$/,
    (failed, runs) => `${runs} 次运行中有 ${failed} 次失败，原因见上`,
  ],
];

/** What a value must be. */
const RULES: readonly Pattern[] = [
  [/^It must be an integer from (.*) to (.*?)\.?$/, (least, most) => `必须是 ${least} 到 ${most} 的整数`],
  [/^It must be a number above (.*) and below (.*?)\.?$/, (low, high) => `必须是大于 ${low} 且小于 ${high} 的数`],
  [
    /^It must be a number of at least (.*) and below (.*?)\.?$/,
    (low, high) => `必须是不小于 ${low} 且小于 ${high} 的数`,
  ],
  [
    /^It must be (.*) or the path of a folder(?: \(Did you mean (.*)\?\))?\.?$/,
    (names, meant) => `必须是 ${names} 或文件夹的路径${didYouMean(meant)}`,
  ],
  [
    /^Allowed choices are (.*?)(?: \(Did you mean (.*)\?\))?\.?$/,
    (names, meant) => `可选的值：${names}${didYouMean(meant)}`,
  ],
  [/^It must end in (.*?)\.?$/, (endings) => `文件名必须以 ${choices(endings)} 结尾`],
];

function didYouMean(name: string | undefined): string {
  return name === undefined ? "" : `（是否指 ${name}？）`;
}

function ruleInChinese(rule: string): string {
  return translated(rule, RULES);
}

/** An error's message in Chinese, if it is a usual one; otherwise as it is. */
export function errorInChinese(message: string): string {
  return translated(message, PATTERNS);
}

function translated(text: string, patterns: readonly Pattern[]): string {
  for (const [pattern, inChinese] of patterns) {
    const match = pattern.exec(text);
    if (match) return inChinese(...match.slice(1));
  }
  return text;
}
