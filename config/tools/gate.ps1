# Requests through the gate by PowerShell 5.1 or 7, each repeated where that is safe.
#
# usage: . ./gate.ps1; Invoke-Gate GET '/v1/detections?limit=200'
#        Invoke-Gate POST '/v1/employees/e1/groups' @{ group = 'Engineering team' }
#
# $env:SLUICE_URL     the gate and the API's name: https://gate.example:8443/push
# $env:SLUICE_TOKEN   the client's token
Set-StrictMode -Version 3.0

# Windows PowerShell may begin with an older TLS.
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

# A header of the answer within an error. The two PowerShells have two kinds of answers.
function Get-AnswerHeader {
    param($Answer, [string] $Name)
    if ($Answer -is [Net.HttpWebResponse]) { return $Answer.Headers[$Name] }
    $values = $null
    if ($Answer.Headers.TryGetValues($Name, [ref] $values)) { return @($values)[0] }
    return $null
}

function Invoke-Gate {
    param(
        [Parameter(Mandatory)] [string] $Method,
        [Parameter(Mandatory)] [string] $Path,
        $Body = $null,
        [int] $Attempts = 4,
        [int] $LongestWait = 120
    )
    $request = @{
        Uri        = $env:SLUICE_URL + $Path
        Method     = $Method
        Headers    = @{ 'x-api-key' = $env:SLUICE_TOKEN; Accept = 'application/json' }
        TimeoutSec = 60
        MaximumRedirection = 0   # the token would go to wherever a vendor's redirect leads
        ErrorAction = 'Stop'
    }
    if ($null -ne $Body) {
        $request.Body = ConvertTo-Json -InputObject $Body -Depth 10 -Compress
        $request.ContentType = 'application/json; charset=utf-8'
    }
    for ($attempt = 1; ; $attempt++) {
        try {
            return Invoke-RestMethod @request
        }
        catch {
            $failure = $_
            $answer = $null
            if ($failure.Exception.PSObject.Properties['Response']) { $answer = $failure.Exception.Response }
            if ($null -eq $answer -or $attempt -ge $Attempts) { throw }
            $status = [int] $answer.StatusCode
            # After 429 nothing was carried out; after the others a write may have been.
            $repeat = $status -eq 429 -or ($Method -in 'GET', 'HEAD' -and $status -in 502, 503, 504)
            if (-not $repeat) { throw }
            $wait = 0
            if (-not [int]::TryParse([string] (Get-AnswerHeader $answer 'Retry-After'), [ref] $wait)) { $wait = [math]::Pow(2, $attempt) }
            if ($wait -gt $LongestWait) { throw }
            Start-Sleep -Seconds $wait
        }
    }
}
